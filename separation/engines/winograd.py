"""Convolutions of five rows with stride 2, and their transposed kind, with eleven products in place of twenty.

Every second row of a transposed convolution is a sum over three rows of its input, the others are sums over
two; of a convolution, three taps fall on the odd rows of its input and two on the even ones. Four such sums
over neighbouring rows are the coefficients of a product of two polynomials, which Toom and Cook find from its
values at 4 + 3 - 1 = 6, or 4 + 2 - 1 = 5, points (Winograd's convolutions). So four rows of output cost eleven
convolutions of single rows: of weighted sums of rows, with weighted sums of the kernel's rows, added up with
weights. Columns are left to the convolution itself.

Rounding errors grow about fivefold over those of the direct sum; the points were chosen for the least.

Images are kept as matrices here, one row for each row, columns and channels side by side: such a matrix is what
OpenVINO's convolutions read and write on processors that matter, so that nothing is rearranged between them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]
Node = Any  # openvino ships no usable types for the nodes of a graph

TILE = 4
"""Rows of output (for transposed ones: of each kind) that are computed together."""

_POINTS = {3: (0.0, 0.75, -0.75, 1.5, -1.5), 2: (0.5, -0.5, 1.25, -1.25)}
"""For so many taps; infinity is one more."""
_UP = ((3, 1), (4, 2, 0))
"""Taps of the even and of the odd rows of a transposed convolution, in the order of the input's rows."""
_DOWN = ((0, 2, 4), (1, 3))
"""Taps on the odd and on the even rows of a convolution's input."""
_FEWEST_CHANNELS = 32
_LARGEST = 25 * 512 * 128
"""Numbers in a kernel. Transformed, it is more than twice as large; beyond this, memory is worth more."""


def suits(kernel_shape: Sequence[int]) -> bool:
    """Whether a kernel [channels, channels, 5, 5] is used this way: with few channels, the sums cost too much."""
    if len(kernel_shape) != 4:
        return False
    first, second, height, width = kernel_shape
    return (
        (height, width) == (5, 5)
        and min(first, second) >= _FEWEST_CHANNELS
        and first * second * 25 <= _LARGEST
    )


def transformed_shape(kernel_shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of `transformed`."""
    return 2 * TILE + 3, kernel_shape[0], kernel_shape[1], 1, kernel_shape[3]


def transformed(kernel: Array, *, transposed: bool) -> Array:
    """[a, b, 5, 5] -> [11, a, b, 1, 5], one kernel of a single row for each product."""
    parts = []
    for taps in _UP if transposed else _DOWN:
        _, of_kernel, _ = _toom_cook(len(taps))
        parts.append(np.tensordot(of_kernel, kernel[:, :, list(taps)], (1, 2)))
    return np.ascontiguousarray(np.concatenate(parts)[:, :, :, np.newaxis], dtype=np.float32)


def convolution(
    ops: Any, image: Node, channels: int, kernels: Sequence[Node], finishes: Sequence[Callable[[Node], Node]]
) -> list[Node]:
    """Stride 2, one row and column of padding before and two after.

    `image` is [height, width * channels], `kernels` are those of `transformed`. For each of `finishes` the whole
    result, [height / 2, width / 2 * out], after that was done to parts of it that have as many columns.
    """
    height, width = image.shape[0], image.shape[1] // channels
    tiles = height // (2 * TILE)
    padded = ops.pad(image, _array(1, 0), _array(2, 0), "constant")
    sums: list[Node] = []
    for first, taps in enumerate(_DOWN):
        of_products, _, of_rows = _toom_cook(len(taps))
        rows = [_rows(ops, padded, first + 2 * row, tiles, 2 * TILE) for row in range(len(of_rows))]
        products = [
            as_matrix(
                ops,
                ops.convolution(
                    as_image(ops, _weighted(ops, rows, weights), width, channels),
                    kernels[first * (TILE + 2) + index],
                    strides=[1, 2],
                    pads_begin=[0, 1],
                    pads_end=[0, 2],
                    dilations=[1, 1],
                ),
            )
            for index, weights in enumerate(of_rows)
        ]
        part = [_weighted(ops, products, weights) for weights in of_products]
        sums = [ops.add(*pair) for pair in zip(sums, part, strict=True)] if sums else part
    return [
        ops.reshape(
            ops.concat([finish(rows) for rows in sums], axis=1), _array(height // 2, -1), special_zero=False
        )
        for finish in finishes
    ]


def transposed_convolution(
    ops: Any, image: Node, channels: int, kernels: Sequence[Node], finish: Callable[[Node], Node]
) -> Node:
    """Stride 2, [height, width * channels] -> [2 * height, 2 * width * out]; else as `convolution`."""
    height, width = image.shape[0], image.shape[1] // channels
    tiles = height // TILE
    padded = ops.pad(image, _array(1, 0), _array(1, 0), "constant")
    rows = [_rows(ops, padded, row, tiles, TILE) for row in range(TILE + 2)]
    kinds: list[list[Node]] = []
    for kind, taps in enumerate(_UP):
        of_products, _, of_rows = _toom_cook(len(taps))
        products = [
            as_matrix(
                ops,
                ops.convolution_backprop_data(
                    as_image(ops, _weighted(ops, rows[: len(of_rows)], weights), width, channels),
                    kernels[kind * (TILE + 1) + index],
                    strides=[1, 2],
                    pads_begin=[0, 1],
                    pads_end=[0, 2],
                    output_padding=[0, 0],
                ),
            )
            for index, weights in enumerate(of_rows)
        ]
        kinds.append([finish(_weighted(ops, products, weights)) for weights in of_products])
    parts = [rows for pair in zip(*kinds, strict=True) for rows in pair]
    return ops.reshape(ops.concat(parts, axis=1), _array(2 * height, -1), special_zero=False)


def as_image(ops: Any, matrix: Node, width: int, channels: int) -> Node:
    """[height, width * channels] -> [1, channels, height, width], as convolutions are told."""
    shape = _array(1, matrix.shape[0], width, channels)
    return ops.transpose(ops.reshape(matrix, shape, special_zero=False), _array(0, 3, 1, 2))


def as_matrix(ops: Any, image: Node) -> Node:
    """The way back."""
    return ops.reshape(
        ops.transpose(image, _array(0, 2, 3, 1)), _array(image.shape[2], -1), special_zero=False
    )


def _rows(ops: Any, matrix: Node, first: int, count: int, step: int) -> Node:
    end = first + (count - 1) * step + 1
    return ops.strided_slice(matrix, _array(first, 0), _array(end, 0), _array(step, 1), [0, 1], [0, 1])


def _weighted(ops: Any, nodes: Sequence[Node], weights: npt.NDArray[np.float64]) -> Node:
    """The sum of `nodes` times `weights`, without those that are zero."""
    total = None
    for node, weight in zip(nodes, weights, strict=True):
        if abs(weight) < 1e-9:
            continue
        term = node if weight == 1 else ops.multiply(node, np.float32(weight))
        total = term if total is None else ops.add(total, term)
    return total


def _toom_cook(taps: int) -> tuple[Matrix, Matrix, Matrix]:
    """Matrices P, K, R with P((K kernel) * (R rows)) = the TILE sums of `taps` products each."""
    points = _POINTS[taps]
    count = len(points) + 1
    products, kernel, rows = np.zeros((TILE, count)), np.zeros((count, taps)), np.zeros((count, count))
    for index, point in enumerate(points):
        others = [other for other in points if other != point]
        products[:, index] = point ** np.arange(TILE)
        kernel[index] = point ** np.arange(taps) / np.prod([point - other for other in others])
        rows[index, :-1] = np.poly(others)[::-1]
    products[-1, -1] = kernel[-1, -1] = 1
    rows[-1] = np.poly(points)[::-1]
    return products, kernel, rows


def _array(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, dtype=np.int64)
