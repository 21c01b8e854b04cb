"""Spleeter's U-Nets as one OpenVINO model: magnitude spectrogram in, one ratio mask for each stem out.

Kernels are [out, in, height, width], those of transposed convolutions [in, out, height, width]. Height is
time, width is frequency; the two input channels are left and right.

The last decoder layer has a single output channel at full resolution, which vectorises badly. It is computed
as 16 channels at a quarter of the resolution instead, one for each position (phase) in a 4x4 block of the
output. The mask layer that follows works on the phases, too, and only its result is rearranged to full
resolution. This saves a sixth of the time.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from separation.engines.caches.weight_cache import Array, Weights
from separation.engines.spleeter.openvino.layout import Images
from separation.engines.spleeter.settings import Activation, SpleeterSpec
from separation.engines.spleeter.weights import DEPTH

EPSILON = 1e-10
"""Spleeter's guard against a division by zero in silence."""
_NORMALISATION_EPSILON = 1e-3
_LEAK = 0.2
_PHASES = 4

Node = Any  # openvino ships no usable types for the nodes of a graph


def build(spec: SpleeterSpec, weights: Weights, frames: int) -> Any:
    """Build the ``openvino.Model`` of `spec`: float32 magnitudes [frames, bins * 2] to a mask per stem.

    `weights` are in the layout of `openvino.weights`; `frames` and ``spec.settings.bins`` must be multiples of 64.
    """
    import openvino
    from openvino import opset13 as ops

    magnitude = ops.parameter([frames, spec.settings.bins * 2], dtype=np.float32, name="magnitude")
    graph = _Graph(ops, spec, weights)
    logits = {network: graph.unet(network, magnitude) for network in spec.settings.networks}
    (first, *_) = spec.settings.networks
    per_stem = [logits[stem] if stem in logits else ops.negative(logits[first]) for stem in spec.stems]
    if spec.settings.softmax:
        fractions = ops.split(ops.softmax(ops.concat(per_stem, axis=0), axis=0), 0, len(per_stem)).outputs()
    else:
        fractions = [ops.sigmoid(node) for node in per_stem]
    estimates = [
        _power(
            ops,
            ops.multiply(graph.images.depth_to_space(fraction, _PHASES), magnitude),
            spec.settings.exponent,
        )
        for fraction in fractions
    ]
    total = estimates[0]
    for estimate in estimates[1:]:
        total = ops.add(total, estimate)
    total = ops.add(total, _constant(np.float32(EPSILON)))
    rest = _constant(np.float32(EPSILON / len(estimates)))
    masks = [ops.divide(ops.add(estimate, rest), total) for estimate in estimates]
    return openvino.Model(masks, [magnitude], spec.slug)


def _power(ops: Any, node: Node, exponent: int) -> Node:
    if exponent == 1:
        return node
    if exponent == 2:
        return ops.multiply(node, node)
    return ops.power(node, _constant(np.float32(exponent)))


class _Graph:
    """Build the networks of one model. Between layers, images are matrices (see `layout`)."""

    def __init__(self, ops: Any, spec: SpleeterSpec, weights: Weights) -> None:
        self.images = Images(ops)
        self._ops = ops
        self._weights = weights
        self._encode = _activation(ops, spec.settings.conv_activation)
        self._decode = _activation(ops, spec.settings.deconv_activation)

    def unet(self, network: str, magnitude: Node) -> Node:
        """Return the mask logits of one network, [1, 16 phases * 2, frames / 4, bins / 4]."""
        node, channels = magnitude, 2
        skips: list[Node] = []
        for layer in range(1, DEPTH + 1):
            skip, node = self._down(f"{network}/conv{layer}", node, channels, last=layer == DEPTH)
            skips.append(skip)
            channels = self._width_of(f"{network}/conv{layer}")
        for layer in range(1, DEPTH):
            node = self._up(f"{network}/up{layer}", node, channels)
            channels = self._width_of(f"{network}/up{layer}")
            if layer < DEPTH - 1:
                node = self.images.concat_channels(skips[DEPTH - 1 - layer], node, channels)
                channels *= 2
        return self._mask(network, skips[0], node, channels)

    def _down(self, layer: str, matrix: Node, channels: int, *, last: bool) -> tuple[Node, Node]:
        """Return an encoder layer's skip connection and its output for the next layer."""
        kernel, bias = self._weights[f"{layer}/kernel"], self._weights[f"{layer}/bias"]
        node = _convolution(self._ops, self._image(matrix, channels), kernel, stride=2, before=1, after=2)
        skip = self._ops.add(node, _along(node, bias))
        if last:
            return self._matrix(skip), self._matrix(skip)
        return self._matrix(skip), self._matrix(self._encode(self._normalised(skip, layer)))

    def _up(self, layer: str, matrix: Node, channels: int) -> Node:
        kernel, bias = self._weights[f"{layer}/kernel"], self._weights[f"{layer}/bias"]
        node = self._ops.convolution_backprop_data(
            self._image(matrix, channels),
            _constant(kernel),
            strides=[2, 2],
            pads_begin=[1, 1],
            pads_end=[2, 2],
            output_padding=[0, 0],
        )
        return self._matrix(self._normalised(self._decode(self._ops.add(node, _along(node, bias))), layer))

    def _mask(self, network: str, skip: Node, matrix: Node, channels: int) -> Node:
        """Return the logits: the last decoder layer and the mask layer, on phases."""
        last = f"{network}/up{DEPTH}"
        kernel = _decoder_phases(self._weights[f"{last}/kernel"])
        # The largest pair of inputs is not concatenated: each goes through its half of the kernel, and the small
        # results are added.
        half = kernel.shape[1] // 2
        upper, lower = (
            _convolution(self._ops, self._image(part, channels), weights, stride=2, before=1, after=1)
            for part, weights in ((matrix, kernel[:, half:]), (skip, kernel[:, :half]))
        )
        bias = np.tile(self._weights[f"{last}/bias"], _PHASES**2)
        node = self._ops.add(upper, self._ops.add(lower, _along(lower, bias)))
        node = self._normalised(self._decode(node), last)
        kernel = _mask_phases(self._weights[f"{network}/mask/kernel"])
        node = _convolution(self._ops, node, kernel, stride=1, before=1, after=1)
        return self._ops.add(node, _along(node, np.tile(self._weights[f"{network}/mask/bias"], _PHASES**2)))

    def _normalised(self, node: Node, layer: str) -> Node:
        # Not folded into the next convolution: its zero padding would be shifted as well.
        gamma, beta, mean, variance = (
            self._weights[f"{layer}/bn_{part}"] for part in ("gamma", "beta", "mean", "var")
        )
        scale = gamma / np.sqrt(variance + np.float32(_NORMALISATION_EPSILON))
        scaled = self._ops.multiply(node, _along(node, scale))
        return self._ops.add(scaled, _along(node, beta - mean * scale))

    def _image(self, matrix: Node, channels: int) -> Node:
        return self.images.image(matrix, matrix.shape[1] // channels, channels)

    def _matrix(self, node: Node) -> Node:
        return self.images.matrix(node) if len(node.shape) == 4 else node

    def _width_of(self, layer: str) -> int:
        return len(self._weights[f"{layer}/bias"])


def _convolution(ops: Any, image: Node, kernel: Array, *, stride: int, before: int, after: int) -> Node:
    return ops.convolution(
        image,
        _constant(kernel),
        strides=[stride, stride],
        pads_begin=[before, before],
        pads_end=[after, after],
        dilations=[1, 1],
    )


def _activation(ops: Any, name: Activation) -> Callable[[Node], Node]:
    match name:
        case "ELU":
            return lambda node: ops.elu(node, 1.0)
        case "LeakyReLU":
            return lambda node: ops.prelu(node, np.array([_LEAK], dtype=np.float32))
        case "ReLU":
            return cast("Callable[[Node], Node]", ops.relu)


def _constant(array: Array | np.float32) -> Node:
    """Return a constant that shares the memory of `array`; ``ops.constant`` would copy it element by element."""
    from openvino import op

    return op.Constant(np.ascontiguousarray(array, dtype=np.float32), shared_memory=True)


def _along(node: Node, values: Array) -> Node:
    """Return per-channel `values` in a shape that broadcasts over `node`, an image or a matrix."""
    if len(node.shape) == 4:
        return _constant(values.reshape(1, -1, 1, 1))
    return _constant(np.tile(values, node.shape[1] // len(values))[np.newaxis])


def _decoder_phases(kernel: Array) -> Array:
    """Turn a transposed kernel [channels, 1, 5, 5], stride 2, into [16, channels, 4, 4], stride 2, padding 1.

    Row ``o`` of the transposed convolution takes row ``i`` of its input with tap ``o + 1 - 2 i``. An output
    block starts at row ``4 p``, and tap ``a`` of the new kernel sees the input row ``2 p - 1 + a``.
    """
    phases = np.zeros((_PHASES, _PHASES, len(kernel), 4, 4), dtype=np.float32)
    for out_row, out_column, row, column in np.ndindex(_PHASES, _PHASES, 4, 4):
        tap_row, tap_column = out_row + 3 - 2 * row, out_column + 3 - 2 * column
        if 0 <= tap_row < 5 and 0 <= tap_column < 5:
            phases[out_row, out_column, :, row, column] = kernel[:, 0, tap_row, tap_column]
    return phases.reshape(_PHASES**2, len(kernel), 4, 4)


def _mask_phases(kernel: Array) -> Array:
    """Turn the kernel [2, 1, 4, 4], dilation 2, padding 3, into a kernel [32, 16, 3, 3], padding 1, on the phases.

    Channels of the result: phase row, phase column, left or right, the order of DepthToSpace "blocks first".
    """
    phases = np.zeros((_PHASES, _PHASES, 2, _PHASES, _PHASES, 3, 3), dtype=np.float32)
    for out_row, out_column, row, column in np.ndindex(_PHASES, _PHASES, 4, 4):
        block_row, in_row = divmod(out_row + 2 * row - 3, _PHASES)
        block_column, in_column = divmod(out_column + 2 * column - 3, _PHASES)
        phases[out_row, out_column, :, in_row, in_column, block_row + 1, block_column + 1] += kernel[
            :, 0, row, column
        ]
    return phases.reshape(2 * _PHASES**2, _PHASES**2, 3, 3)
