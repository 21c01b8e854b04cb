"""A Demucs network as one OpenVINO model: spectrogram and waveform in, those of all stems out, each normalised."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from separation.engines.demucs.architecture import Architecture
from separation.engines.demucs.convolutions import Convolutions
from separation.engines.demucs.nodes import Array, Node, Nodes
from separation.engines.demucs.package import Package
from separation.engines.demucs.recurrent import Recurrence
from separation.engines.demucs.transformer import CrossTransformer

LAYOUT = "1"
"""The version of the graph: another one, and networks that were compiled and kept are compiled again."""

Coded = tuple[Node, int]


def build(package: Package, stems: Sequence[str], samples: int) -> Any:
    """Build the ``openvino.Model`` of `package` that separates `samples` at once into `stems`.

    Its inputs are a spectrogram [frames, frequencies, 4], real and imaginary parts of left and right, and a waveform
    [samples, 2]; its outputs those of the stems, [frames, frequencies, stems * 4] and [samples, stems * 2].
    """
    import openvino

    architecture = package.architecture
    frames = -(-samples // architecture.hop)
    nodes = Nodes()
    shape = [frames, architecture.fft_length // 2, 4]
    spectrogram = nodes.ops.parameter(shape, dtype=np.float32, name="spectrogram")
    waveform = nodes.ops.parameter([samples, 2], dtype=np.float32, name="waveform")
    network = _Network(nodes, _reduced(package, stems), architecture)
    outputs = network.separated(spectrogram, nodes.reshape(waveform, samples, 1, 2))
    return openvino.Model(list(outputs), [spectrogram, waveform], architecture.kind)


def _reduced(package: Package, stems: Sequence[str]) -> Mapping[str, Array]:
    """Return the weights, those of the last layers for `stems` only, in their order."""
    architecture, weights = package.architecture, package.weights()
    chosen = [architecture.sources.index(stem) for stem in stems]
    layers = list(architecture.layers())
    last: dict[str, Array] = {}
    for name, count, parts in (
        ("decoder", len(layers), 4),
        ("tdecoder", sum(layer.spectral for layer in layers), 2),
    ):
        channels = [parts * source + part for source in chosen for part in range(parts)]
        prefix = f"{name}.{count - 1}.conv_tr"
        last[f"{prefix}.weight"] = weights[f"{prefix}.weight"][:, channels]
        last[f"{prefix}.bias"] = weights[f"{prefix}.bias"][channels]
    return ChainMap(last, weights)  # type: ignore[arg-type]  # only read


class _Network:
    def __init__(self, nodes: Nodes, weights: Mapping[str, Array], architecture: Architecture) -> None:
        self._nodes = nodes
        self._weights = weights
        self._architecture = architecture
        self._convolutions = Convolutions(nodes, weights, architecture, Recurrence(nodes, weights))
        self._layers = list(architecture.layers())

    def separated(self, spectral: Node, temporal: Node) -> tuple[Node, Node]:
        """Return the signals of all sources, of both branches."""
        convolutions = self._convolutions
        encoded: list[tuple[Node, int]] = []
        encoded_temporal: list[tuple[Node, int]] = []
        for layer in self._layers:
            length, injected = spectral.shape[1 if layer.spectral else 0], None
            if layer.spectral:
                name, samples = f"tencoder.{layer.index}", temporal.shape[0]
                if layer.merging:
                    temporal = injected = convolutions.shortened(name, layer, temporal, spectral=False)
                else:
                    temporal = convolutions.encode(name, layer, temporal, spectral=False)
                encoded_temporal.append((temporal, samples))
            spectral = convolutions.encode(
                f"encoder.{layer.index}", layer, spectral, spectral=layer.spectral, injected=injected
            )
            if layer.index == 0:
                spectral = self._with_embedding(spectral)
            encoded.append((spectral, length))
        return self._decoded(encoded, encoded_temporal)

    def _decoded(self, encoded: list[Coded], encoded_temporal: list[Coded]) -> tuple[Node, Node]:
        """Return the signals of all sources from what the encoders made, and the lengths of what they were given."""
        nodes, convolutions = self._nodes, self._convolutions
        spectral: Node = None
        temporal: Node = None
        if self._architecture.transformer_layers:
            transformer = CrossTransformer(nodes, self._weights, self._architecture)
            spectral, temporal = transformer.between(encoded[-1][0], encoded_temporal[-1][0])
        depth, temporal_depth = len(encoded), len(encoded_temporal)
        for layer in reversed(self._layers):
            name = f"decoder.{depth - 1 - layer.index}"
            spectral, before = convolutions.decode(
                name, layer, spectral, *encoded.pop(), spectral=layer.spectral
            )
            if layer.spectral:
                name = f"tdecoder.{temporal_depth - 1 - layer.index}"
                skip, samples = encoded_temporal.pop()
                if layer.merging:
                    temporal = convolutions.lengthened(name, layer, before, samples, spectral=False)
                else:
                    temporal, _ = convolutions.decode(name, layer, temporal, skip, samples, spectral=False)
        return spectral, nodes.reshape(temporal, temporal.shape[0], temporal.shape[2])

    def _with_embedding(self, spectral: Node) -> Node:
        """Add the embedding of each frequency."""
        weight = self._architecture.embedding_weight
        if not weight:
            return spectral
        embedding = self._weights["freq_emb.embedding.weight"] * np.float32(
            weight * self._architecture.embedding_scale
        )
        return self._nodes.add(spectral, self._nodes.constant(embedding[np.newaxis]))
