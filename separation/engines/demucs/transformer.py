"""The transformer between encoders and decoders of HTDemucs, over both branches (``CrossTransformerEncoder``).

Layers alternate: each branch attends to itself, or to the other one. The gains and shifts of a normalisation before a
linear layer, a layer's scale, and the scale of the queries are those of the linear layers' weights.
"""

from collections.abc import Mapping

import numpy as np

from separation.engines.demucs.architecture import Architecture
from separation.engines.demucs.nodes import EPSILON, Array, Node, Nodes

_QUERIES = 336
"""Queries whose scores are computed at once."""

_Affine = tuple[Array, Array]


class CrossTransformer:
    """Build the transformer of one network."""

    def __init__(self, nodes: Nodes, weights: Mapping[str, Array], architecture: Architecture) -> None:
        self._nodes = nodes
        self._weights = weights
        self._architecture = architecture

    def between(self, spectral: Node, temporal: Node) -> tuple[Node, Node]:
        """Return the signals [frames, rows, channels] of both branches after the transformer."""
        nodes, shapes = self._nodes, (tuple(spectral.shape), tuple(temporal.shape))
        if self._architecture.bottom_channels:
            spectral = nodes.linear(spectral, *self._pointwise("channel_upsampler"))
            temporal = nodes.linear(temporal, *self._pointwise("channel_upsampler_t"))
        channels, (frames, rows, _), samples = spectral.shape[2], shapes[0], shapes[1][0]
        period, weight = self._architecture.longest_period, self._architecture.position_weight
        x = self._placed(
            nodes.reshape(spectral, -1, channels),
            "norm_in",
            weight * positions_2d(frames, rows, channels, period),
        )
        y = self._placed(
            nodes.reshape(temporal, -1, channels), "norm_in_t", weight * positions(samples, channels, period)
        )
        for index in range(self._architecture.transformer_layers):
            names = [f"crosstransformer.{branch}.{index}" for branch in ("layers", "layers_t")]
            if index % 2 == 0:
                x, y = self._layer(names[0], x, None), self._layer(names[1], y, None)
            else:
                x, y = self._layer(names[0], x, y), self._layer(names[1], y, x)
        if self._architecture.bottom_channels:
            x = nodes.linear(x, *self._pointwise("channel_downsampler"))
            y = nodes.linear(y, *self._pointwise("channel_downsampler_t"))
        return nodes.reshape(x, *shapes[0]), nodes.reshape(y, *shapes[1])

    def _pointwise(self, name: str) -> _Affine:
        return self._weights[f"{name}.weight"][:, :, 0], self._weights[f"{name}.bias"]

    def _affine(self, name: str) -> _Affine:
        return self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]

    def _normal(self, tokens: Node) -> Node:
        """Return `tokens`, each with mean 0 and deviation 1."""
        return self._nodes.ops.mvn(tokens, self._nodes.whole(1), True, EPSILON, "INSIDE_SQRT")  # noqa: FBT003

    def _placed(self, tokens: Node, norm: str, places: Array) -> Node:
        """Return `tokens` [count, channels] normalised, with their positions."""
        gain, shift = self._affine(f"crosstransformer.{norm}")
        nodes = self._nodes
        return nodes.add(
            nodes.times(self._normal(tokens), nodes.constant(gain)), nodes.constant(places + shift)
        )

    def _layer(self, name: str, tokens: Node, others: Node | None) -> Node:
        """Return `tokens` after one layer, in which they attend to `others` or to themselves."""
        nodes = self._nodes
        attention = "self_attn" if others is None else "cross_attn"
        normal = self._normal(tokens)
        heard = normal if others is None else self._normal(others)
        norms = [
            self._affine(f"{name}.norm{number}") for number in ((1, 1, 1) if others is None else (1, 2, 2))
        ]
        weight, bias = (
            self._weights[f"{name}.{attention}.in_proj_weight"],
            self._weights[f"{name}.{attention}.in_proj_bias"],
        )
        heads, channels = self._architecture.transformer_heads, len(bias) // 3
        scale = np.float32((channels // heads) ** -0.5)
        query, key, value = (
            self._heads(nodes.linear(source, *_after(norm, part * factor, offset * factor)))
            for source, norm, part, offset, factor in zip(
                (normal, heard, heard),
                norms,
                np.split(weight, 3),
                np.split(bias, 3),
                (scale, np.float32(1), np.float32(1)),
                strict=True,
            )
        )
        attended = self._attended(query, key, value)
        attended = nodes.reshape(nodes.transpose(attended, 0, 2, 1, 3), -1, channels)
        tokens = nodes.add(
            tokens, nodes.linear(attended, *self._scaled(f"{name}.{attention}.out_proj", f"{name}.gamma_1"))
        )
        norm = self._affine(f"{name}.norm{2 if others is None else 3}")
        hidden = nodes.separate_gelu(
            nodes.linear(self._normal(tokens), *_after(norm, *self._affine(f"{name}.linear1")))
        )
        tokens = nodes.add(tokens, nodes.linear(hidden, *self._scaled(f"{name}.linear2", f"{name}.gamma_2")))
        tokens = nodes.reshape(tokens, -1, 1, channels)
        return nodes.reshape(nodes.normalised(tokens, *self._affine(f"{name}.norm_out")), -1, channels)

    def _attended(self, query: Node, key: Node, value: Node) -> Node:
        """Return the attention of some queries after others, so that the scores stay in the processor's cache."""
        nodes, count = self._nodes, query.shape[2]
        parts = []
        for begin in range(0, count, _QUERIES):
            part = nodes.cut(query, 2, begin, min(begin + _QUERIES, count))
            scores = nodes.ops.matmul(part, key, False, True)  # noqa: FBT003 (OpenVINO's signature)
            parts.append(nodes.ops.matmul(nodes.ops.softmax(scores, 3), value, False, False))  # noqa: FBT003
        return nodes.join(parts, 2)

    def _heads(self, tokens: Node) -> Node:
        """Return [count, channels] as [1, heads, count, channels of a head]."""
        heads = self._architecture.transformer_heads
        count, channels = tokens.shape
        return self._nodes.transpose(
            self._nodes.reshape(tokens, 1, count, heads, channels // heads), 0, 2, 1, 3
        )

    def _scaled(self, layer: str, scale: str) -> _Affine:
        weight, bias = self._affine(layer)
        factor = self._weights[f"{scale}.scale"]
        return factor[:, np.newaxis] * weight, factor * bias


def _after(norm: _Affine, weight: Array, bias: Array) -> _Affine:
    """Return a linear layer that applies the gain and shift of the normalisation before it as well."""
    gain, shift = norm
    return weight * gain, bias + weight @ shift


def positions(count: int, channels: int, longest: float) -> Array:
    """Return the embedding [count, channels] of positions in time: cosines, then sines."""
    half = channels // 2
    phase = np.arange(count)[:, np.newaxis] / longest ** (np.arange(half) / (half - 1))
    return np.asarray(np.concatenate([np.cos(phase), np.sin(phase)], axis=1), dtype=np.float32)


def positions_2d(frames: int, rows: int, channels: int, longest: float) -> Array:
    """Return the embedding [frames * rows, channels]: half of the channels for the frame, half for the row."""
    half = channels // 2
    rates = np.exp(np.arange(0, half, 2) * -(np.log(longest) / half))
    places = np.empty((frames, rows, 2, half // 2, 2))  # .., of the frame or of the row, rate, sine or cosine
    for axis, phase in enumerate(
        (np.arange(frames)[:, np.newaxis] * rates, np.arange(rows)[:, np.newaxis] * rates)
    ):
        waves = np.stack([np.sin(phase), np.cos(phase)], axis=-1)
        places[:, :, axis] = waves[:, np.newaxis] if axis == 0 else waves
    return np.asarray(places.reshape(frames * rows, channels), dtype=np.float32)
