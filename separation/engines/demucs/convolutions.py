"""Encoder and decoder layers of the U-nets (``HEncLayer`` and ``HDecLayer``).

Signals are [frames, rows, channels]. A spectral layer convolves along the rows, which are frequencies; a temporal one
along the frames, of which there is one row. Either is computed as [others, along, channels] (`_turned`), where a
convolution of stride ``s`` and ``2 s`` taps is one product of matrices: of blocks of ``s`` elements and those after
them.
"""

from collections.abc import Mapping

import numpy as np

from separation.engines.demucs.architecture import Architecture, Layer
from separation.engines.demucs.nodes import Array, Node, Nodes
from separation.engines.demucs.residual import Inner, residual_branches


class Convolutions:
    """Build the layers of one network."""

    def __init__(
        self, nodes: Nodes, weights: Mapping[str, Array], architecture: Architecture, inner: Inner | None
    ) -> None:
        self._nodes = nodes
        self._weights = weights
        self._architecture = architecture
        self._inner = inner

    def encode(
        self, name: str, layer: Layer, signal: Node, *, spectral: bool, injected: Node | None = None
    ) -> Node:
        """Return what the encoder `name` makes of `signal`, with `injected` added behind its first convolution."""
        nodes = self._nodes
        node = self.shortened(name, layer, signal, spectral=spectral)
        if injected is not None:
            node = nodes.add(node, injected)
        node = nodes.gelu(self._normalised(node, f"{name}.norm1", layer))
        if self._architecture.residual_in_encoder:
            node = self._residual(name, layer, node)
        weight, bias = self._weights[f"{name}.rewrite.weight"], self._weights[f"{name}.rewrite.bias"]
        matrix = weight.reshape(weight.shape[:2])
        halves = [nodes.linear(node, part, offset) for part, offset in _halves(matrix, bias)]
        return self._gated(halves, f"{name}.norm2", layer)

    def shortened(self, name: str, layer: Layer, signal: Node, *, spectral: bool) -> Node:
        """Return the strided convolution that an encoder begins with."""
        nodes = self._nodes
        weight, bias = self._weights[f"{name}.conv.weight"], self._weights[f"{name}.conv.bias"]
        kernel = weight.reshape(*weight.shape[:2], -1).transpose(0, 2, 1)  # [outputs, taps, inputs]
        outputs, taps, inputs = kernel.shape
        signal = _turned(nodes, signal, spectral)
        others, length, _ = signal.shape
        if layer.merging and spectral:  # all that is left of the frequencies: one output
            joined = nodes.reshape(signal, others, 1, taps * inputs)
        else:
            stride = taps // 2
            missing = -length % stride
            signal = nodes.padded(signal, 1, stride // 2, stride // 2 + missing)
            joined = _neighbours(nodes, nodes.reshape(signal, others, -1, stride * inputs))
        node = nodes.linear(joined, kernel.reshape(outputs, -1), bias)
        return _turned(nodes, node, spectral)

    def decode(
        self, name: str, layer: Layer, signal: Node | None, skip: Node, length: int, *, spectral: bool
    ) -> tuple[Node, Node]:
        """Return what the decoder `name` makes of `signal`, if any, and `skip`, and that before its last convolution.

        `length` is the number of frames, or of frequencies, that come out.
        """
        nodes = self._nodes
        node = skip if signal is None else nodes.add(signal, skip)
        weight, bias = self._weights[f"{name}.rewrite.weight"], self._weights[f"{name}.rewrite.bias"]
        halves = [self._in_context(node, part, offset) for part, offset in _halves(weight, bias)]
        node = self._gated(halves, f"{name}.norm1", layer)
        if self._architecture.residual_in_decoder:
            node = self._residual(name, layer, node)
        return self.lengthened(name, layer, node, length, spectral=spectral), node

    def lengthened(self, name: str, layer: Layer, signal: Node, length: int, *, spectral: bool) -> Node:
        """Return the transposed convolution that a decoder ends with, and its activation."""
        nodes = self._nodes
        weight, bias = self._weights[f"{name}.conv_tr.weight"], self._weights[f"{name}.conv_tr.bias"]
        kernel = weight.reshape(*weight.shape[:2], -1).transpose(2, 1, 0)  # [taps, outputs, inputs]
        taps, outputs, inputs = kernel.shape
        signal = _turned(nodes, signal, spectral)
        others = signal.shape[0]
        if layer.merging and spectral:
            node = nodes.linear(signal, kernel.reshape(-1, inputs), np.tile(bias, taps))
            begin = 0
        else:
            stride = taps // 2
            blocks = kernel.reshape(2, stride * outputs, inputs)
            joined = _neighbours(nodes, nodes.padded(signal, 1, 1, 1))
            matrix = np.concatenate([blocks[1], blocks[0]], axis=1)  # of an input and the one after it
            node = nodes.linear(joined, matrix, np.tile(bias, stride))
            begin = stride // 2
        last = layer.index == 0
        if layer.normalised:
            node = self._normalised(nodes.reshape(node, others, -1, outputs), f"{name}.norm2", layer)
        if not last:
            node = nodes.gelu(node)
        node = nodes.cut(nodes.reshape(node, others, -1, outputs), 1, begin, begin + length)
        return _turned(nodes, node, spectral)

    def _in_context(self, signal: Node, weight: Array, bias: Array) -> Node:
        """Return the convolution of three taps along each axis that there is."""
        if weight.ndim == 3:
            weight = weight[:, :, np.newaxis]
        return self._nodes.convolution(
            signal, weight.transpose(0, 1, 3, 2), bias
        )  # [.., frames, frequencies]

    def _gated(self, halves: list[Node], norm: str, layer: Layer) -> Node:
        if layer.normalised:
            halves = [self._normalised(half, norm, layer, part=index) for index, half in enumerate(halves)]
        return self._nodes.gated(*halves)

    def _normalised(self, signal: Node, name: str, layer: Layer, part: int | None = None) -> Node:
        """Return `signal` normalised in groups of channels; `part` tells which half of the channels it is."""
        if not layer.normalised:
            return signal
        nodes = self._nodes
        gain, shift = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        groups = self._architecture.norm_groups
        frames, rows, channels = signal.shape
        if part is not None:
            groups //= 2
            chosen = slice(part * channels, (part + 1) * channels)
            gain, shift = gain[chosen], shift[chosen]
        grouped = nodes.reshape(signal, frames * rows, groups, channels // groups)
        size = (groups, channels // groups)
        normal = nodes.normalised(grouped, gain.reshape(size), shift.reshape(size))
        return nodes.reshape(normal, frames, rows, channels)

    def _residual(self, name: str, layer: Layer, signal: Node) -> Node:
        depth = self._architecture.residual_depth
        inner = self._inner if layer.recurrent else None
        return residual_branches(
            self._nodes, self._weights, f"{name}.dconv.layers", signal, depth=depth, inner=inner
        )


def _turned(nodes: Nodes, signal: Node, spectral: bool) -> Node:  # noqa: FBT001
    """Return a temporal signal [frames, 1, channels] as [1, frames, channels], and the other way round."""
    if spectral:
        return signal
    first, second, channels = signal.shape
    return nodes.reshape(signal, second, first, channels)


def _neighbours(nodes: Nodes, blocks: Node) -> Node:
    """Return each element along axis 1 but the last, and the one after it, with their channels joined."""
    count = blocks.shape[1]
    return nodes.join([nodes.cut(blocks, 1, 0, count - 1), nodes.cut(blocks, 1, 1, count)], 2)


def _halves(weight: Array, bias: Array) -> list[tuple[Array, Array]]:
    half = len(bias) // 2
    return [(weight[:half], bias[:half]), (weight[half:], bias[half:])]
