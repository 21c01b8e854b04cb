"""Conv-TasNet in OpenVINO: waveform in, stems out.

Frames of `frame_length` samples, half a frame apart, become vectors by a learnt transform; a stack of dilated
convolutions estimates a mask over these vectors for each stem; another learnt transform makes samples of them. The
normalisations in the stack are over all frames of the chunk that the network is given.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from separation.engines.convtasnet.settings import ConvTasNetSettings

Array = npt.NDArray[np.float32]
Weights = Mapping[str, Array]
"""Arrays with the names and shapes that PyTorch gives them."""
Node = Any  # openvino ships no usable types for the nodes of a graph

CHANNELS = 2
_EPSILON = 1e-8
"""Added to the variances."""


def shapes(settings: ConvTasNetSettings, stems: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array, by PyTorch's names."""
    vector, inner, hidden = settings.filters, settings.bottleneck, settings.hidden
    result: dict[str, tuple[int, ...]] = {
        "encoder.conv1d_U.weight": (vector, CHANNELS, settings.frame_length),
        "separator.network.0.gamma": (1, vector, 1),
        "separator.network.0.beta": (1, vector, 1),
        "separator.network.1.weight": (inner, vector, 1),
        "separator.network.3.weight": (stems * vector, inner, 1),
        "decoder.basis_signals.weight": (CHANNELS * settings.frame_length, vector),
    }
    for name, _ in _blocks(settings):
        result |= {
            f"{name}.0.weight": (hidden, inner, 1),
            f"{name}.1.weight": (1,),
            f"{name}.2.gamma": (1, hidden, 1),
            f"{name}.2.beta": (1, hidden, 1),
            f"{name}.3.net.0.weight": (hidden, 1, settings.kernel),
            f"{name}.3.net.1.weight": (1,),
            f"{name}.3.net.2.gamma": (1, hidden, 1),
            f"{name}.3.net.2.beta": (1, hidden, 1),
            f"{name}.3.net.3.weight": (inner, hidden, 1),
        }
    return result


def build(settings: ConvTasNetSettings, weights: Weights, stems: int) -> Any:
    """Build the ``openvino.Model`` from samples [1, 2, n] to [1, 2, m] for each stem.

    n is at least a frame; m is n less what does not fill half a frame at the end.
    """
    import openvino
    from openvino import opset13 as ops

    samples = ops.parameter([1, CHANNELS, -1], dtype=np.float32)
    graph = _Graph(ops, settings, weights)
    vectors = ops.relu(graph.convolution(samples, "encoder.conv1d_U.weight", stride=settings.hop))
    masks = np.split(weights["separator.network.3.weight"], stems)
    deep = graph.stack(vectors)
    return openvino.Model([graph.decoded(vectors, deep, mask) for mask in masks], [samples], "Conv-TasNet")


def _blocks(settings: ConvTasNetSettings) -> list[tuple[str, int]]:
    """Return the name of each block of the stack, and its dilation."""
    return [
        (f"separator.network.2.{repeat}.{block}.net", 2**block)
        for repeat in range(settings.repeats)
        for block in range(settings.blocks)
    ]


class _Graph:
    def __init__(self, ops: Any, settings: ConvTasNetSettings, weights: Weights) -> None:
        self._ops = ops
        self._settings = settings
        self._weights = weights

    def convolution(self, node: Node, name: str, *, stride: int = 1) -> Node:
        return self._convolution(node, self._weights[name], stride)

    def stack(self, vectors: Node) -> Node:
        """Return what the masks are made of, [1, bottleneck, frames]."""
        node = self._normalised(vectors, "separator.network.0", axes=[1])
        node = self.convolution(node, "separator.network.1.weight")
        for name, dilation in _blocks(self._settings):
            node = self._ops.add(self._block(node, name, dilation), node)
        return node

    def decoded(self, vectors: Node, deep: Node, kernel: Array) -> Node:
        """Return the samples of one stem, whose mask `kernel` makes."""
        ops, settings = self._ops, self._settings
        mask = ops.relu(self._convolution(deep, kernel, 1))
        basis = self._weights["decoder.basis_signals.weight"]
        basis = basis.reshape(CHANNELS, settings.frame_length, settings.filters).transpose(2, 0, 1)
        return ops.convolution_backprop_data(
            ops.multiply(mask, vectors),
            self._constant(basis),
            strides=[settings.hop],
            pads_begin=[0],
            pads_end=[0],
        )

    def _block(self, node: Node, name: str, dilation: int) -> Node:
        ops = self._ops
        node = self._rectified(self.convolution(node, f"{name}.0.weight"), f"{name}.1.weight")
        node = self._normalised(node, f"{name}.2", axes=[1, 2])
        pad = (self._settings.kernel - 1) * dilation // 2
        node = ops.group_convolution(
            node,
            self._constant(self._weights[f"{name}.3.net.0.weight"][:, None]),
            strides=[1],
            pads_begin=[pad],
            pads_end=[pad],
            dilations=[dilation],
        )
        node = self._rectified(node, f"{name}.3.net.1.weight")
        node = self._normalised(node, f"{name}.3.net.2", axes=[1, 2])
        return self.convolution(node, f"{name}.3.net.3.weight")

    def _convolution(self, node: Node, kernel: Array, stride: int) -> Node:
        return self._ops.convolution(
            node, self._constant(kernel), strides=[stride], pads_begin=[0], pads_end=[0], dilations=[1]
        )

    def _rectified(self, node: Node, name: str) -> Node:
        return self._ops.prelu(node, self._constant(self._weights[name]))

    def _normalised(self, node: Node, name: str, axes: list[int]) -> Node:
        """Return `node` with mean `beta` and deviation `gamma` over `axes` of [1, channels, frames]."""
        ops = self._ops
        node = ops.mvn(
            node, ops.constant(np.array(axes)), normalize_variance=True, eps=_EPSILON, eps_mode="inside_sqrt"
        )
        scaled = ops.multiply(node, self._constant(self._weights[f"{name}.gamma"]))
        return ops.add(scaled, self._constant(self._weights[f"{name}.beta"]))

    def _constant(self, values: Array) -> Node:
        return self._ops.constant(np.ascontiguousarray(values, dtype=np.float32))
