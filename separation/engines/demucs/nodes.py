"""Make the nodes of an OpenVINO model.

Spectral signals are [frames, frequencies, channels] and waveforms [1, samples, channels]: channels are innermost, so
that a convolution of one tap, and what a strided one does to blocks of rows, is one product of matrices.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Node = Any  # openvino ships no usable types for the nodes of a graph
Array = npt.NDArray[np.float32]

EPSILON = 1e-5
"""Of every normalisation in these networks."""

_BLOCK = 256
"""Values that are added up one after the other."""


class Nodes:
    """Short names for the operations that the networks need."""

    def __init__(self) -> None:
        from openvino import op, opset13

        self.ops = opset13
        self._constant = op.Constant
        self._whole: dict[tuple[int, ...], Node] = {}

    def constant(self, values: npt.ArrayLike) -> Node:
        """Return a constant that shares the memory of `values` if they are float32 and in order already."""
        return self._constant(np.ascontiguousarray(values, dtype=np.float32), shared_memory=True)

    def whole(self, *values: int) -> Node:
        """Return a constant of int64."""
        if values not in self._whole:
            self._whole[values] = self.ops.constant(np.array(values, dtype=np.int64))
        return self._whole[values]

    def reshape(self, node: Node, *shape: int) -> Node:
        """Return `node` in another shape; one size may be -1."""
        return self.ops.reshape(node, self.whole(*shape), special_zero=False)

    def transpose(self, node: Node, *order: int) -> Node:
        """Return `node` with its axes in another order."""
        return self.ops.transpose(node, self.whole(*order))

    def cut(self, node: Node, axis: int, start: int, stop: int) -> Node:
        """Return the elements from `start` to before `stop` along `axis`."""
        return self.ops.slice(node, self.whole(start), self.whole(stop), self.whole(1), self.whole(axis))

    def join(self, nodes: Sequence[Node], axis: int) -> Node:
        """Return `nodes` one after the other along `axis`."""
        return self.ops.concat(list(nodes), axis=axis)

    def padded(self, node: Node, axis: int, before: int, after: int) -> Node:
        """Return `node` with zeros before and after it along `axis`."""
        if before == after == 0:
            return node
        widths = [[0] * len(node.shape) for _ in range(2)]
        widths[0][axis], widths[1][axis] = before, after
        zero = self.ops.constant(np.float32(0))
        return self.ops.pad(node, self.whole(*widths[0]), self.whole(*widths[1]), "constant", zero)

    def add(self, left: Node, right: Node) -> Node:
        """Return the sum."""
        return self.ops.add(left, right)

    def times(self, left: Node, right: Node) -> Node:
        """Return the product, element by element."""
        return self.ops.multiply(left, right)

    def gelu(self, node: Node) -> Node:
        """Return the Gaussian error linear unit, in its exact form."""
        return self.ops.gelu(node, "erf")

    def separate_gelu(self, node: Node) -> Node:
        """Return the same, not joined by OpenVINO with the product before it, whose kernel would be slower."""
        half = self.times(node, self.constant(0.5))
        return self.add(self.times(half, self.ops.erf(self.times(node, self.constant(0.5**0.5)))), half)

    def gated(self, linear: Node, gate: Node) -> Node:
        """Return the gated linear unit, whose halves are given separately."""
        return self.ops.multiply(linear, self.ops.sigmoid(gate))

    def mean(self, node: Node, *axes: int) -> Node:
        """Return the mean along `axes`, which are kept with size 1."""
        return self.ops.reduce_mean(node, self.whole(*axes), keep_dims=True)

    def linear(self, node: Node, weight: Array, bias: Array | None = None) -> Node:
        """Return the product of the last axis with `weight` [outputs, inputs], and `bias` added."""
        product = self.ops.matmul(node, self.constant(weight), False, True)  # noqa: FBT003 (OpenVINO's signature)
        return product if bias is None else self.add(product, self.constant(bias))

    def convolution(
        self, signal: Node, kernel: Array, bias: Array, *, dilation: tuple[int, int] = (1, 1)
    ) -> Node:
        """Return `signal` [frames, rows, channels], convolved with `kernel` [outputs, channels, frames, rows].

        Zeros around the signal keep its size.
        """
        frames, rows, channels = signal.shape
        pads = [(size - 1) // 2 * step for size, step in zip(kernel.shape[2:], dilation, strict=True)]
        image = self.transpose(self.reshape(signal, 1, frames, rows, channels), 0, 3, 1, 2)
        node = self.ops.convolution(image, self.constant(kernel), [1, 1], pads, pads, list(dilation))
        node = self.add(node, self.constant(bias.reshape(1, -1, 1, 1)))
        return self.reshape(self.transpose(node, 0, 2, 3, 1), frames, rows, len(bias))

    def frame_mean(self, signal: Node) -> Node:
        """Return the mean of `signal` [frames, rows, channels] along frames: [1, rows, channels].

        Of blocks first: the rounding of a hundred thousand additions would be heard of, above all in silence, where
        each of them rounds alike.
        """
        frames, rows, channels = signal.shape
        if frames <= 4 * _BLOCK:
            return self.mean(signal, 0)
        count = -(-frames // _BLOCK)
        padded = self.padded(signal, 0, 0, count * _BLOCK - frames)
        total = self.ops.reduce_sum(
            self.reshape(padded, count, _BLOCK, rows, channels), self.whole(1), keep_dims=False
        )
        total = self.ops.reduce_sum(total, self.whole(0), keep_dims=True)
        return self.times(total, self.constant(1 / frames))

    def normalised(self, signal: Node, gain: Array, shift: Array) -> Node:
        """Return `signal` [frames, rows, channels], each row with mean 0 and deviation 1, times `gain` plus `shift`."""
        centred = self.ops.subtract(signal, self.frame_mean(self.mean(signal, 2)))
        inverse = self.reciprocal_root(self.frame_mean(self.mean(self.times(centred, centred), 2)))
        return self.add(self.times(centred, self.times(inverse, self.constant(gain))), self.constant(shift))

    def reciprocal_root(self, variance: Node) -> Node:
        """Return what divides by the standard deviation."""
        return self.ops.power(self.add(variance, self.constant(EPSILON)), self.constant(-0.5))
