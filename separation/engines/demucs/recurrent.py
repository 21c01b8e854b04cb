"""What stands inside the innermost residual branches of HDemucs: an LSTM over time, then attention over time."""

from collections.abc import Mapping

import numpy as np

from separation.engines.demucs.nodes import Array, Node, Nodes

_WIDTH = 200
"""Frames that the LSTM is given at once; longer signals are cut into parts that overlap by half."""
_HEADS = 4
_DECAYS = 4
_OF_ITSELF = -100.0
"""The score of a frame's attention to itself, which is to be ignored."""


class Recurrence:
    """Build the LSTM (``BLSTM``) and the attention (``LocalState``) of residual branches."""

    def __init__(self, nodes: Nodes, weights: Mapping[str, Array]) -> None:
        self._nodes = nodes
        self._weights = weights

    def __call__(self, signal: Node, prefix: str) -> Node:
        """Return `signal` [frames, 1, channels] after both. `prefix` names the branch."""
        frames, _, channels = signal.shape
        flat = self._nodes.reshape(signal, frames, channels)
        flat = self._attentive(self._recurrent(flat, f"{prefix}.3"), f"{prefix}.4")
        return self._nodes.reshape(flat, frames, 1, channels)

    def _recurrent(self, signal: Node, name: str) -> Node:
        """Return `signal` [frames, channels] with what two bidirectional LSTM layers make of it added."""
        nodes = self._nodes
        frames, channels = signal.shape
        parts = self._parts(signal)
        for layer in range(2):
            parts = self._lstm(parts, f"{name}.lstm", layer)
        parts = nodes.linear(
            parts, self._weights[f"{name}.linear.weight"], self._weights[f"{name}.linear.bias"]
        )
        return nodes.add(signal, nodes.reshape(self._joined(parts, frames), frames, channels))

    def _parts(self, signal: Node) -> Node:
        """Return `signal` as [parts, frames of a part, channels]."""
        nodes = self._nodes
        frames, channels = signal.shape
        if frames <= _WIDTH:
            return nodes.reshape(signal, 1, frames, channels)
        half = _WIDTH // 2
        count = -(-frames // half)
        halves = nodes.reshape(
            nodes.padded(signal, 0, 0, (count + 1) * half - frames), count + 1, half, channels
        )
        return nodes.join([nodes.cut(halves, 0, 0, count), nodes.cut(halves, 0, 1, count + 1)], 1)

    def _joined(self, parts: Node, frames: int) -> Node:
        """Return the middle half of each part one after the other, with the outer quarters of the first and last."""
        nodes = self._nodes
        count, width, channels = parts.shape
        if count == 1:
            return parts
        quarter = width // 4
        first = nodes.cut(nodes.cut(parts, 0, 0, 1), 1, 0, quarter)
        middle = nodes.cut(parts, 1, quarter, width - quarter)
        last = nodes.cut(nodes.cut(parts, 0, count - 1, count), 1, width - quarter, width)
        flat = [nodes.reshape(node, -1, channels) for node in (first, middle, last)]
        return nodes.cut(nodes.join(flat, 0), 0, 0, frames)

    def _lstm(self, parts: Node, name: str, layer: int) -> Node:
        """Return [parts, frames, 2 * channels]: the outputs forwards and backwards."""
        nodes, directions = self._nodes, ("", "_reverse")
        count, frames, _ = parts.shape
        inputs, hidden, bias = (
            np.stack([_in_order(self._variable(name, kind, layer, direction)) for direction in directions])
            for kind in ("weight_ih", "weight_hh", "bias_ih")
        )
        bias += np.stack(
            [_in_order(self._variable(name, "bias_hh", layer, direction)) for direction in directions]
        )
        size = hidden.shape[2]
        zeros = nodes.constant(np.zeros((count, 2, size), np.float32))
        lengths = nodes.ops.constant(np.full(count, frames, np.int32))
        outputs = nodes.ops.lstm_sequence(
            parts,
            zeros,
            zeros,
            lengths,
            *(nodes.constant(part) for part in (inputs, hidden, bias)),
            size,
            "bidirectional",
        )
        return nodes.reshape(nodes.transpose(outputs.output(0), 0, 2, 1, 3), count, frames, 2 * size)

    def _variable(self, name: str, kind: str, layer: int, direction: str) -> Array:
        return self._weights[f"{name}.{kind}_l{layer}{direction}"]

    def _attentive(self, signal: Node, name: str) -> Node:
        """Return `signal` [frames, channels] with its attention to itself added, which decays with distance."""
        nodes = self._nodes
        frames, channels = signal.shape
        query, key, content = (
            nodes.transpose(
                nodes.reshape(self._pointwise(signal, f"{name}.{part}"), frames, _HEADS, -1), 1, 0, 2
            )
            for part in ("query", "key", "content")
        )
        scores = nodes.ops.matmul(query, key, False, True)  # noqa: FBT003 (OpenVINO's signature)
        scores = nodes.times(scores, nodes.constant((channels // _HEADS) ** -0.5))
        decay = nodes.ops.sigmoid(self._pointwise(signal, f"{name}.query_decay"))
        rates = np.arange(1, _DECAYS + 1, dtype=np.float32) / (2 * _DECAYS**0.5)
        decay = nodes.linear(nodes.reshape(decay, frames, _HEADS, _DECAYS), rates[np.newaxis])
        distance = np.abs(np.subtract.outer(np.arange(frames), np.arange(frames))).astype(np.float32)
        scores = nodes.ops.subtract(
            scores, nodes.times(nodes.transpose(decay, 1, 0, 2), nodes.constant(distance[np.newaxis]))
        )
        itself = nodes.ops.constant(np.eye(frames, dtype=bool)[np.newaxis])
        weights = nodes.ops.softmax(nodes.ops.select(itself, nodes.constant(_OF_ITSELF), scores), 2)
        result = nodes.transpose(nodes.ops.matmul(weights, content, False, False), 1, 0, 2)  # noqa: FBT003
        return nodes.add(signal, self._pointwise(nodes.reshape(result, frames, channels), f"{name}.proj"))

    def _pointwise(self, signal: Node, name: str) -> Node:
        return self._nodes.linear(
            signal, self._weights[f"{name}.weight"][:, :, 0], self._weights[f"{name}.bias"]
        )


def _in_order(gates: Array) -> Array:
    """Return the gates of an LSTM in OpenVINO's order (forget, input, cell, output) from PyTorch's (i, f, c, o)."""
    first, second, third, fourth = np.split(gates, 4)
    return np.concatenate([second, first, third, fourth])
