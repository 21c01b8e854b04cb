"""What the descriptor of a model of this family says besides what every model has."""

from dataclasses import dataclass
from typing import TypeAlias

from separation.engines.demucs.architecture import Architecture, Kind, read_architecture
from separation.engines.descriptors import SAMPLE_RATE, Descriptor


@dataclass(frozen=True, slots=True)
class Network:
    """A network of the model, in a file of its own."""

    file: str
    stems: tuple[str, ...] = ()
    """Those of its stems that are used; none stands for all of the model's."""


@dataclass(frozen=True, slots=True)
class DemucsSettings:
    """The networks, which are of one shape. Their files state it, too, and must agree."""

    kind: Kind
    segment: float
    """Seconds that the networks are given at once."""
    channels: int
    bottom_channels: int
    """Channels of the transformer, where they differ from those around it."""
    networks: tuple[Network, ...]

    def __post_init__(self) -> None:
        if not self.networks:
            raise ValueError("networks: none")
        if not 0 < self.segment <= 600:
            raise ValueError("segment: must be above 0 s and at most 600 s")
        self.architecture(("one",))  # raises ValueError

    @property
    def samples(self) -> int:
        """Return the samples that the networks are given at once."""
        return int(round(self.segment * 1000) * SAMPLE_RATE) // 1000

    def architecture(self, sources: tuple[str, ...]) -> Architecture:
        """Return the shape of the networks, for `sources`."""
        arguments = {"sources": sources, "segment": self.segment, "channels": self.channels}
        if self.kind == "HTDemucs":
            arguments |= {"bottom_channels": self.bottom_channels, "dconv_mode": 3}
        return read_architecture(self.kind, arguments)


DemucsSpec: TypeAlias = Descriptor[DemucsSettings]
