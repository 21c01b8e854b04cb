"""Transposed convolutions of five rows with stride 2, with eleven products in place of twenty.

Every second row of the result is a sum over three rows of the input, each of the others a sum over two. Four such
sums over neighbouring rows are the coefficients of a product of two polynomials, which Toom and Cook find from
its values at 4 + 3 - 1 = 6, or 4 + 2 - 1 = 5, points (Winograd's convolutions). So eight rows of the result cost
eleven transposed convolutions of single rows: of weighted sums of rows, with weighted sums of the kernel's rows,
added up with weights. Columns are left to the convolution itself.

Rounding errors grow about fivefold over those of the direct sum; the points were chosen for little of it.

Images are kept as matrices here, one row for each row, columns and channels side by side: such a matrix is what
OpenVINO's convolutions read and write on processors that matter, so that nothing is rearranged between them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]
Node = Any  # openvino ships no usable types for the nodes of a graph

TILE = 4
"""Rows of each of the two kinds that are computed together."""

_NEAR, _FAR = 0.75, 1.5
"""The points are these, the same below zero, infinity, and for three taps zero itself."""
_TAPS = ((3, 1), (4, 2, 0))
"""Of the even and of the odd rows of the result, in the order of the input's rows."""
_FEWEST_CHANNELS = 32
_LARGEST = 25 * 256 * 64
"""Numbers in a kernel. Transformed, it is more than twice as large; beyond this, memory is worth more."""


def suits(kernel_shape: Sequence[int]) -> bool:
    """Whether a transposed convolution's kernel [in, out, 5, 5] is used this way.

    With few channels the sums cost too much. For convolutions that are not transposed the gain is smaller: it is
    not worth the memory, and the time that so many nodes take to compile.
    """
    channels_in, channels_out, height, width = kernel_shape
    numbers = channels_in * channels_out * height * width
    return (height, width) == (5, 5) and channels_out >= _FEWEST_CHANNELS and numbers <= _LARGEST


def transformed_shape(kernel_shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of `transformed`."""
    return 2 * TILE + 3, kernel_shape[0], kernel_shape[1], 1, kernel_shape[3]


def transformed(kernel: Array) -> Array:
    """[in, out, 5, 5] -> [11, in, out, 1, 5], one kernel of a single row for each product."""
    parts = []
    for taps in _TAPS:
        _, of_kernel = _toom_cook(len(taps))
        parts.append(np.tensordot(of_kernel, kernel[:, :, list(taps)], (1, 2)))
    return np.ascontiguousarray(np.concatenate(parts)[:, :, :, np.newaxis], dtype=np.float32)


class Images:
    """Nodes of one graph that treat images as matrices. Equal constants are made once."""

    def __init__(self, ops: Any) -> None:
        self._ops = ops
        self._integers: dict[tuple[int, ...], Node] = {}
        self._numbers: dict[float, Node] = {}

    def transposed_convolution(self, image: Node, channels: int, kernels: Sequence[Node]) -> Node:
        """Stride 2, as long as needed: [height, width * channels] -> [2 * height, 2 * width * out].

        `kernels` are those of `transformed`.
        """
        ops, tiles = self._ops, image.shape[0] // TILE
        padded = ops.pad(image, self._shape(1, 0), self._shape(1, 0), "constant")
        rows = [self._rows(padded, row, tiles, TILE) for row in range(TILE + 2)]
        sums = [node for taps in _TAPS for node in self._sums(rows[: TILE + len(taps) - 1])]
        width = image.shape[1] // channels
        products = [
            ops.convolution_backprop_data(
                self.image(rows, width, channels),
                kernel,
                strides=[1, 2],
                pads_begin=[0, 1],
                pads_end=[0, 2],
                output_padding=[0, 0],
            )
            for rows, kernel in zip(sums, kernels, strict=True)
        ]
        weights = np.zeros((TILE, 2, len(products)))
        end = 0
        for kind, taps in enumerate(_TAPS):
            of_products, _ = _toom_cook(len(taps))
            begin, end = end, end + of_products.shape[1]
            weights[:, kind, begin:end] = of_products
        return self._together(products, weights.reshape(2 * TILE, -1))

    def image(self, matrix: Node, width: int, channels: int) -> Node:
        """[height, width * channels] -> [1, channels, height, width], as convolutions are told."""
        shape = self._shape(1, matrix.shape[0], width, channels)
        return self._ops.transpose(
            self._ops.reshape(matrix, shape, special_zero=False), self._shape(0, 3, 1, 2)
        )

    def matrix(self, image: Node) -> Node:
        """The way back."""
        rows = self._ops.transpose(image, self._shape(0, 2, 3, 1))
        return self._ops.reshape(rows, self._shape(image.shape[2], -1), special_zero=False)

    def beside(self, first: Node, second: Node, channels: int) -> Node:
        """Two matrices of images of as many channels, as one of twice as many."""
        flat = [
            self._ops.reshape(node, self._shape(-1, channels), special_zero=False) for node in (first, second)
        ]
        shape = self._shape(first.shape[0], -1)
        return self._ops.reshape(self._ops.concat(flat, axis=1), shape, special_zero=False)

    def blocks(self, phases: Node, size: int) -> Node:
        """[1, row in block * column in block * channels, height, width] -> [height * size, width * size * channels]."""
        _, channels, height, width = phases.shape
        shape = self._shape(height, width, size, channels // size)
        split = self._ops.reshape(self.matrix(phases), shape, special_zero=False)
        in_order = self._ops.transpose(split, self._shape(0, 2, 1, 3))
        return self._ops.reshape(in_order, self._shape(height * size, -1), special_zero=False)

    def _sums(self, rows: Sequence[Node]) -> list[Node]:
        """What the products are made of, in the order of `_toom_cook`: rows times those of prod(x - other point)."""
        add, subtract = self._ops.add, self._ops.subtract
        near, far = _NEAR, _FAR
        without_far = [subtract(rows[n + 2], self._times(rows[n], far**2)) for n in range(len(rows) - 2)]
        sums = []
        if len(rows) == TILE + 2:  # the point 0
            sums.append(subtract(without_far[2], self._times(without_far[0], near**2)))
        odd = len(rows) - TILE
        pairs = [(near, without_far[odd - 1 : odd + 1])]
        without_near = [subtract(rows[n + 2], self._times(rows[n], near**2)) for n in range(odd - 1, odd + 1)]
        pairs.append((far, without_near))
        for point, (lower, upper) in pairs:
            turned = self._times(lower, point)
            sums += [add(upper, turned), subtract(upper, turned)]
        return [*sums, subtract(without_far[-1], self._times(without_far[-3], near**2))]

    def _together(self, products: Sequence[Node], weights: Matrix) -> Node:
        """Images of one row for each tile -> a matrix of len(weights) rows for each: sums of products."""
        _, channels, tiles, width = products[0].shape
        columns = width * channels
        in_line = self._ops.transpose(self._ops.concat(list(products), axis=3), self._shape(0, 2, 3, 1))
        shape = self._shape(tiles, len(products), columns)
        stacked = self._ops.reshape(in_line, shape, special_zero=False)
        summed = self._ops.matmul(
            np.ascontiguousarray(weights, dtype=np.float32), stacked, transpose_a=False, transpose_b=False
        )
        return self._ops.reshape(summed, self._shape(-1, columns), special_zero=False)

    def _rows(self, matrix: Node, first: int, count: int, step: int) -> Node:
        end = first + (count - 1) * step + 1
        bounds = self._shape(first, 0), self._shape(end, 0), self._shape(step, 1)
        return self._ops.strided_slice(matrix, *bounds, [0, 1], [0, 1])

    def _times(self, node: Node, number: float) -> Node:
        if number not in self._numbers:
            self._numbers[number] = self._ops.constant(np.float32(number))
        return self._ops.multiply(node, self._numbers[number])

    def _shape(self, *values: int) -> Node:
        if values not in self._integers:
            self._integers[values] = self._ops.constant(np.array(values, dtype=np.int64))
        return self._integers[values]


def _toom_cook(taps: int) -> tuple[Matrix, Matrix]:
    """Matrices P, K so that the TILE sums of `taps` products each are P((K kernel) * `Images._sums`)."""
    points = [near_or_far * sign for near_or_far in (_NEAR, _FAR) for sign in (1, -1)]
    if taps == 3:
        points.insert(0, 0.0)
    count = len(points) + 1
    products, kernel = np.zeros((TILE, count)), np.zeros((count, taps))
    for index, point in enumerate(points):
        products[:, index] = point ** np.arange(TILE)
        scale = np.prod([point - other for other in points if other != point])
        kernel[index] = point ** np.arange(taps) / scale
    products[-1, -1] = kernel[-1, -1] = 1
    return products, kernel
