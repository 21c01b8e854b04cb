"""The networks of Open-Unmix in OpenVINO: one bidirectional LSTM for each stem.

Each network sees the magnitudes of the lower bins of all frames and answers with a factor for every bin. Between its
first and its last layer a frame is a vector of `hidden` numbers. The networks are therefore built in three parts: only
the middle one, which is small in memory, needs all frames at once. Normalisations are linear when a network is applied;
they are multiplied into the matrices beside them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from separation.engines.openunmix.settings import OpenUnmixSettings

Array = npt.NDArray[np.float32]
Weights = Mapping[str, Mapping[str, Array]]
"""For each stem, its network's arrays with the names and shapes that PyTorch gives them."""
Node = Any  # openvino ships no usable types for the nodes of a graph

LAYERS = 3
CHANNELS = 2
_EPSILON = 1e-5
"""Added to the variances of PyTorch's ``BatchNorm1d``."""
_GATES = (0, 1, 2, 3)
"""PyTorch's order of an LSTM's gates: input, forget, cell, output."""
_OPENVINO_GATES = (1, 0, 2, 3)
"""OpenVINO's order, in PyTorch's numbers: forget, input, cell, output."""


def shapes(settings: OpenUnmixSettings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array of one stem's network, by PyTorch's names."""
    hidden, seen, bins = settings.hidden, settings.input_bins, settings.stft.bins
    widths = {"bn1": hidden, "bn2": hidden, "bn3": CHANNELS * bins}
    result: dict[str, tuple[int, ...]] = {
        "input_mean": (seen,),
        "input_scale": (seen,),
        "output_scale": (bins,),
        "output_mean": (bins,),
        "fc1.weight": (hidden, CHANNELS * seen),
        "fc2.weight": (hidden, 2 * hidden),
        "fc3.weight": (CHANNELS * bins, hidden),
    }
    for name, width in widths.items():
        result |= {f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")}
    for suffix in _directions(range(LAYERS)):
        result |= {
            f"lstm.weight_ih_{suffix}": (2 * hidden, hidden),
            f"lstm.weight_hh_{suffix}": (2 * hidden, hidden // 2),
            f"lstm.bias_ih_{suffix}": (2 * hidden,),
            f"lstm.bias_hh_{suffix}": (2 * hidden,),
        }
    return result


def build_first(settings: OpenUnmixSettings, weights: Weights) -> Any:
    """Build the ``openvino.Model`` from magnitudes [frames, channels * input_bins] to [frames, stems * hidden]."""
    import openvino
    from openvino import opset13 as ops

    magnitudes = ops.parameter([-1, CHANNELS * settings.input_bins], dtype=np.float32)
    parts = [_first_layer(network) for network in weights.values()]
    kernel, bias = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return openvino.Model([ops.tanh(_dense(ops, magnitudes, kernel, bias))], [magnitudes], "first")


def build_middle(settings: OpenUnmixSettings, weights: Weights) -> Any:
    """Build the ``openvino.Model`` from [frames, stems * hidden] to the same shape: the LSTMs, and a dense layer."""
    import openvino
    from openvino import opset13 as ops

    vectors = ops.parameter([-1, len(weights) * settings.hidden], dtype=np.float32)
    pieces = ops.split(vectors, ops.constant(1), len(weights)).outputs()
    results = []
    for piece, network in zip(pieces, weights.values(), strict=True):
        recurrent = _lstm(ops, settings.hidden, network, piece)
        kernel, bias = _normalised(network["fc2.weight"], network, "bn2")
        results.append(ops.relu(_dense(ops, ops.concat([piece, recurrent], axis=1), kernel, bias)))
    return openvino.Model([ops.concat(results, axis=1)], [vectors], "middle")


def build_last(settings: OpenUnmixSettings, weights: Weights) -> Any:
    """Build the ``openvino.Model`` from [frames, stems * hidden] to factors [frames, channels * bins] for each stem."""
    import openvino
    from openvino import opset13 as ops

    vectors = ops.parameter([-1, len(weights) * settings.hidden], dtype=np.float32)
    pieces = ops.split(vectors, ops.constant(1), len(weights)).outputs()
    factors = [
        ops.relu(_dense(ops, piece, *_last_layer(network)))
        for piece, network in zip(pieces, weights.values(), strict=True)
    ]
    return openvino.Model(factors, [vectors], "last")


def _directions(layers: Iterable[int]) -> list[str]:
    return [f"l{layer}{way}" for layer in layers for way in ("", "_reverse")]


def _normalised(kernel: Array, network: Mapping[str, Array], name: str) -> tuple[Array, Array]:
    """Return kernel and bias of a dense layer without bias and the batch normalisation after it, in float64."""
    arrays = {
        part: network[f"{name}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean")
    }
    gain = arrays["weight"] / np.sqrt(network[f"{name}.running_var"].astype(np.float64) + _EPSILON)
    return kernel * gain[:, None], arrays["bias"] - arrays["running_mean"] * gain


def _first_layer(network: Mapping[str, Array]) -> tuple[Array, Array]:
    kernel, bias = _normalised(network["fc1.weight"], network, "bn1")
    scale = np.tile(network["input_scale"], CHANNELS).astype(np.float64)
    mean = np.tile(network["input_mean"], CHANNELS).astype(np.float64)
    return kernel * scale, bias + kernel @ (scale * mean)


def _last_layer(network: Mapping[str, Array]) -> tuple[Array, Array]:
    kernel, bias = _normalised(network["fc3.weight"], network, "bn3")
    scale = np.tile(network["output_scale"], CHANNELS).astype(np.float64)
    mean = np.tile(network["output_mean"], CHANNELS).astype(np.float64)
    return kernel * scale[:, None], bias * scale + mean


def _dense(ops: Any, node: Node, kernel: Array, bias: Array) -> Node:
    product = ops.matmul(node, ops.constant(kernel.astype(np.float32)), transpose_a=False, transpose_b=True)
    return ops.add(product, ops.constant(bias.astype(np.float32)))


def _lstm(ops: Any, hidden: int, network: Mapping[str, Array], vectors: Node) -> Node:
    """Return the stacked bidirectional LSTM's output [frames, hidden] for `vectors` [frames, hidden]."""
    node = ops.unsqueeze(vectors, ops.constant(np.array([0])))
    begin = ops.constant(np.zeros((1, 2, hidden // 2), np.float32))
    for layer in range(LAYERS):
        # OpenVINO sees by this form that the sequence is never shorter than the array, and takes its fast path.
        frames = ops.gather(ops.shape_of(node), ops.constant(np.array([1])), ops.constant(0))
        names = _directions([layer])
        recurrent = ops.lstm_sequence(
            node,
            begin,
            begin,
            ops.broadcast(frames, ops.constant(np.array([1]))),
            _gates(ops, [network[f"lstm.weight_ih_{name}"] for name in names]),
            _gates(ops, [network[f"lstm.weight_hh_{name}"] for name in names]),
            _gates(
                ops, [network[f"lstm.bias_ih_{name}"] + network[f"lstm.bias_hh_{name}"] for name in names]
            ),
            hidden // 2,
            "bidirectional",
        ).output(0)  # [1, directions, frames, hidden / 2]
        in_order = ops.transpose(recurrent, ops.constant(np.array([0, 2, 1, 3])))
        node = ops.reshape(in_order, ops.constant(np.array([0, 0, hidden])), special_zero=True)
    return ops.squeeze(node, ops.constant(np.array([0])))


def _gates(ops: Any, arrays: list[Array]) -> Node:
    """Return one constant of both directions' arrays [4 * n, ..], their gates in OpenVINO's order."""
    both = np.stack(arrays)
    by_gate = both.reshape(2, len(_GATES), -1, *both.shape[2:])[:, _OPENVINO_GATES]
    return ops.constant(np.ascontiguousarray(by_gate.reshape(both.shape)))
