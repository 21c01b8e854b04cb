"""What the descriptor of a model of this family says besides what every model has."""

from dataclasses import dataclass
from typing import TypeAlias

from separation.engines.descriptors import Descriptor
from separation.engines.spectrogram import Stft


@dataclass(frozen=True, slots=True)
class OpenUnmixSettings:
    """One network for each stem, each in a file of its own; the files are in the order of the stems."""

    hidden: int
    """Numbers between the layers of a network."""
    input_bins: int
    """Frequency bins that the networks see."""
    iterations: int
    """Steps of the Wiener filter behind the networks; 0 leaves it out."""
    frame_length: int
    hop: int
    window_frames: int
    """Frames that the Wiener filter looks at together."""
    residual: bool = False
    """Whether the last stem is what the others leave of the mixture, without a network."""

    def __post_init__(self) -> None:
        if self.hidden <= 0 or self.hidden % 2:
            raise ValueError("hidden: must be even, for two directions")
        if self.hop <= 0 or self.frame_length < 2 * self.hop or self.frame_length % 2:
            raise ValueError("frame_length: must be even, and hop at most half of it")
        if not 0 < self.input_bins <= self.stft.bins:
            raise ValueError(f"input_bins: must be 1 to {self.stft.bins}")
        if self.iterations < 0 or self.window_frames <= 0:
            raise ValueError("iterations: below 0, or window_frames not above it")

    @property
    def stft(self) -> Stft:
        """Return the transform that the networks were trained with."""
        return Stft(self.frame_length, self.hop)


OpenUnmixSpec: TypeAlias = Descriptor[OpenUnmixSettings]


def networks(spec: OpenUnmixSpec) -> tuple[str, ...]:
    """Return the stems that have a network."""
    return spec.stems[:-1] if spec.settings.residual else spec.stems
