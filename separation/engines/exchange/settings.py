"""What the descriptor of a model of this family says besides what every model has."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from separation.engines.chunking import Audio, Chunking, triangle
from separation.engines.descriptors import SAMPLE_RATE, Descriptor
from separation.engines.exchange.layout import Layout, parse
from separation.engines.spectrogram import Stft, Weighting

_LONGEST = 60 * SAMPLE_RATE
_LONGEST_FRAME = 1 << 16
_MOST_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class SpectrogramSettings:
    """The transform around a network: see `Stft`."""

    frame_length: int
    hop: int
    bins: int
    """Frequencies that the network sees, from 0 up. Where it answers for no others, the stems have no others."""
    takes: Literal["magnitudes", "complex"]
    """complex: the real and imaginary parts, as an axis p."""
    gives: Literal["masks", "spectra"]
    """masks: factors of the mixture's spectra. Where the output has no axis p, either is real: spectra then are
    magnitudes, and get the phases of the mixture."""
    window: Weighting = "hann"
    """The weights of a frame's samples; rectangular: all 1."""

    def __post_init__(self) -> None:
        if self.hop <= 0 or self.frame_length < 2 * self.hop or self.frame_length % 2:
            raise ValueError("frame_length: must be even, and hop at most half of it")
        if self.frame_length > _LONGEST_FRAME:
            raise ValueError(f"frame_length: more than {_LONGEST_FRAME} samples")
        if not 0 < self.bins <= self.stft.bins:
            raise ValueError(f"bins: must be 1 to {self.stft.bins}")

    @property
    def stft(self) -> Stft:
        """Return the transform."""
        return Stft(self.frame_length, self.hop, self.window)


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """How a song becomes what the network takes, and what it gives the stems. For the layouts see `layout`."""

    graph: str
    """The file with the network: ``.onnx``, or ``.xml`` with a ``.bin`` of the same name."""
    length: int
    """Samples of a chunk."""
    stride: int
    """Samples from the beginning of a chunk to that of the next one."""
    input: str
    output: str
    """Of one output for all stems, with an axis s, or of one output for each stem, without it."""
    chunk_mb: int
    """Memory that the network takes for one chunk, as measured."""
    context: int = 0
    """Samples at each end of a chunk whose stems are not used."""
    lead: int = 0
    """Zeros before the song: as many as `context` where a network answers for the middle of what it is given only."""
    window: Literal["none", "flat", "triangle"] = "none"
    """The weights with which chunks that overlap are added; none where they do not."""
    normalise: bool = False
    """Whether the network expects songs with mean 0 and deviation 1."""
    residual: bool = False
    """Whether the last stem is what the others leave of the mixture, without an output of the network."""
    spectrogram: SpectrogramSettings | None = None
    """Present where the network takes spectra; otherwise it takes samples."""

    def __post_init__(self) -> None:
        if not self.graph.endswith((".onnx", ".xml")):
            raise ValueError("graph: must be an .onnx or .xml file")
        if not 0 < self.length <= _LONGEST:
            raise ValueError("length: must be above zero, and not longer than a minute")
        if not 0 < self.chunk_mb <= _MOST_MB:
            raise ValueError(f"chunk_mb: must be 1 to {_MOST_MB}")
        chunks = self.chunking
        if (chunks.window is None) != (chunks.overlap == 0):
            raise ValueError("window: chunks that overlap need weights, and those that do not need none")
        _ = self.input_layout, self.output_layout
        if self.spectrogram and self.length <= self.spectrogram.frame_length // 2:
            raise ValueError("length: shorter than half a frame")

    def check(self, stems: Collection[str], files: Collection[str]) -> None:
        """See `DependentSettings`."""
        if self.residual and len(stems) < 2:
            raise ValueError("stems: only one, which residual would make without the network")
        weights = self.graph.removesuffix(".xml") + ".bin"
        for name in (self.graph, weights) if self.graph.endswith(".xml") else (self.graph,):
            if name not in files:
                raise ValueError(f"files: {name} is missing")

    @property
    def chunking(self) -> Chunking:
        """Return the chunks that the network is given."""
        return Chunking(
            length=self.length,
            stride=self.stride,
            lead=self.lead,
            context=self.context,
            window=self._weights(),
            normalise=self.normalise,
        )

    def _weights(self) -> Audio | None:
        if self.window == "none":
            return None
        if self.window == "flat":
            return np.ones(self.length, dtype=np.float32)
        return triangle(self.length)

    @property
    def input_axes(self) -> str:
        """Return the axes of what the network takes."""
        if self.spectrogram is None:
            return "cn"
        return "cpft" if self.spectrogram.takes == "complex" else "cft"

    @property
    def output_axes(self) -> str:
        """Return the axes of what the network gives."""
        if self.spectrogram is None:
            return "scn"
        return "scpft" if "p" in self.output else "scft"

    @property
    def input_layout(self) -> Layout:
        """Return the order of the input's axes. Raises ValueError."""
        return parse(self.input, "b" + self.input_axes)

    @property
    def output_layout(self) -> Layout:
        """Return the order of an output's axes. Raises ValueError."""
        return parse(self.output, "b" + self.output_axes)

    def sizes(self, outputs: int) -> dict[str, int]:
        """Return the size of each axis, where the network gives so many stems."""
        sizes = {"b": 1, "s": outputs, "c": 2, "n": self.length, "p": 2}
        if self.spectrogram is not None:
            sizes |= {"f": self.spectrogram.bins, "t": self.spectrogram.stft.frames(self.length)}
        return sizes


ExchangeSpec: TypeAlias = Descriptor[ExchangeSettings]


def outputs(spec: ExchangeSpec) -> int:
    """Return how many stems the network gives."""
    return len(spec.stems) - spec.settings.residual
