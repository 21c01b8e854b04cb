"""Spleeter's U-Nets as one OpenVINO model: magnitude spectrogram in, one ratio mask for each stem out.

Kernels are [out, in, height, width], those of transposed convolutions [in, out, height, width] (see
``kernels``). "Height" is time, "width" is frequency, the two channels are left and right.

The last decoder layer has a single output channel at full resolution, which no processor likes. It is
computed as 16 channels at a quarter of the resolution instead (one for each position, or phase, in a 4x4
block of the output); the mask layer that follows works on the phases too, and one DepthToSpace puts the
blocks together: a sixth of the time saved.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from separation.engines.modelspec import Activation, ModelSpec
from separation.engines.weights import DEPTH, Array, Weights

EPSILON = 1e-10
"""Spleeter's guard against a division by zero in silence."""
_NORMALISATION_EPSILON = 1e-3
_LEAK = 0.2
_PHASES = 4

Node = Any  # openvino ships no usable types for the nodes of a graph


def build(spec: ModelSpec, weights: Weights, frames: int) -> Any:
    """The ``openvino.Model`` of `spec`: float32 [1, 2, frames, bins] -> for each stem the same.

    `frames` and ``spec.bins`` must be multiples of 64.
    """
    import openvino
    from openvino import opset13 as ops

    magnitude = ops.parameter([1, 2, frames, spec.bins], dtype=np.float32, name="magnitude")
    logits: dict[str, Node] = {
        network: _unet(ops, spec, weights, network, magnitude) for network in spec.networks
    }
    (first, *_) = spec.networks
    per_stem = [logits[stem] if stem in logits else ops.negative(logits[first]) for stem in spec.stems]
    if spec.softmax:
        shares = ops.split(ops.softmax(ops.concat(per_stem, axis=0), axis=0), 0, len(per_stem)).outputs()
    else:
        shares = [ops.sigmoid(node) for node in per_stem]
    # All that follows works on the phases, where it costs least.
    phases = ops.space_to_depth(magnitude, "blocks_first", _PHASES)
    estimates = [_power(ops, ops.multiply(share, phases), spec.exponent) for share in shares]
    total = estimates[0]
    for estimate in estimates[1:]:
        total = ops.add(total, estimate)
    total = ops.add(total, _constant(np.float32(EPSILON)))
    rest = _constant(np.float32(EPSILON / len(estimates)))
    masks = [ops.divide(ops.add(estimate, rest), total) for estimate in estimates]
    return openvino.Model(
        [ops.depth_to_space(mask, "blocks_first", _PHASES) for mask in masks], [magnitude], spec.slug
    )


def _power(ops: Any, node: Node, exponent: int) -> Node:
    if exponent == 1:
        return node
    if exponent == 2:
        return ops.multiply(node, node)
    return ops.power(node, _constant(np.float32(exponent)))


def _unet(ops: Any, spec: ModelSpec, weights: Weights, network: str, magnitude: Node) -> Node:
    """The mask logits of one network, [1, 2 * 16 phases, frames / 4, bins / 4]."""

    def array(name: str) -> Array:
        return weights[f"{network}/{name}"]

    def normalised(node: Node, layer: str) -> Node:
        # Kept apart from the convolution that follows: folded into it, the zeros at the borders would be
        # shifted too.
        scale = array(f"{layer}/bn_gamma") / np.sqrt(
            array(f"{layer}/bn_var") + np.float32(_NORMALISATION_EPSILON)
        )
        shift = array(f"{layer}/bn_beta") - array(f"{layer}/bn_mean") * scale
        return ops.add(ops.multiply(node, _per_channel(scale)), _per_channel(shift))

    encode = _activation(ops, spec.conv_activation)
    decode = _activation(ops, spec.deconv_activation)
    skips: list[Node] = []
    node = magnitude
    for layer in range(1, DEPTH + 1):
        kernel, bias = array(f"conv{layer}/kernel"), array(f"conv{layer}/bias")
        node = _convolution(ops, node, kernel, bias, stride=2, before=1, after=2)
        skips.append(node)
        if layer < DEPTH:
            node = encode(normalised(node, f"conv{layer}"))
    for layer in range(1, DEPTH):
        node = ops.convolution_backprop_data(
            node,
            _constant(array(f"up{layer}/kernel")),
            strides=[2, 2],
            pads_begin=[1, 1],
            pads_end=[2, 2],
            output_padding=[0, 0],
        )
        node = ops.add(node, _per_channel(array(f"up{layer}/bias")))
        node = normalised(decode(node), f"up{layer}")
        if layer < DEPTH - 1:
            node = ops.concat([skips[DEPTH - 1 - layer], node], axis=1)
    # The largest pair is not put together: each half of the kernel takes its own, and what they give is small.
    last = f"up{DEPTH}"
    kernel = _decoder_phases(array(f"{last}/kernel"))
    half = kernel.shape[1] // 2
    bias = np.tile(array(f"{last}/bias"), _PHASES**2)
    node = ops.add(
        _convolution(ops, node, kernel[:, half:], None, stride=2, before=1, after=1),
        _convolution(ops, skips[0], kernel[:, :half], bias, stride=2, before=1, after=1),
    )
    node = normalised(decode(node), last)
    bias = np.tile(array("mask/bias"), _PHASES**2)
    return _convolution(ops, node, _mask_phases(array("mask/kernel")), bias, stride=1, before=1, after=1)


def _convolution(
    ops: Any, node: Node, kernel: Array, bias: Array | None, *, stride: int, before: int, after: int
) -> Node:
    node = ops.convolution(
        node,
        _constant(kernel),
        strides=[stride, stride],
        pads_begin=[before, before],
        pads_end=[after, after],
        dilations=[1, 1],
    )
    return node if bias is None else ops.add(node, _per_channel(bias))


def _activation(ops: Any, name: Activation) -> Callable[[Node], Node]:
    match name:
        case "ELU":
            return lambda node: ops.elu(node, 1.0)
        case "LeakyReLU":
            return lambda node: ops.prelu(node, np.array([_LEAK], dtype=np.float32))
        case "ReLU":
            return cast("Callable[[Node], Node]", ops.relu)


def _constant(array: Array | np.float32) -> Node:
    """A constant that shares the memory of `array`: the graph's own way copies it, number by number."""
    from openvino import op

    return op.Constant(np.ascontiguousarray(array, dtype=np.float32), shared_memory=True)


def _per_channel(values: Array) -> Node:
    return _constant(values.reshape(1, -1, 1, 1))


def _decoder_phases(kernel: Array) -> Array:
    """Transposed kernel [channels, 1, 5, 5], stride 2 -> kernel [16, channels, 4, 4], stride 2, padding 1.

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
    """Kernel [2, 1, 4, 4], dilation 2, padding 3 -> kernel [32, 16, 3, 3], padding 1, on the phases.

    Channels of the result: phase row, phase column, left or right, as DepthToSpace "blocks first" wants them.
    """
    phases = np.zeros((_PHASES, _PHASES, 2, _PHASES, _PHASES, 3, 3), dtype=np.float32)
    for out_row, out_column, row, column in np.ndindex(_PHASES, _PHASES, 4, 4):
        block_row, in_row = divmod(out_row + 2 * row - 3, _PHASES)
        block_column, in_column = divmod(out_column + 2 * column - 3, _PHASES)
        phases[out_row, out_column, :, in_row, in_column, block_row + 1, block_column + 1] += kernel[
            :, 0, row, column
        ]
    return phases.reshape(2 * _PHASES**2, _PHASES**2, 3, 3)
