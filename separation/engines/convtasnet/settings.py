"""What the descriptor of a model of this family says besides what every model has."""

from dataclasses import dataclass
from typing import TypeAlias

from separation.engines.descriptors import Descriptor


@dataclass(frozen=True, slots=True)
class ConvTasNetSettings:
    """The size of the network, with the letters of the paper."""

    segment: int
    """Samples of a chunk."""
    filters: int
    """N: the length of the vectors that stand for frames."""
    frame_length: int
    """L: samples of a frame."""
    bottleneck: int
    """B: channels between two blocks."""
    hidden: int
    """H: channels within a block."""
    kernel: int
    """P: frames that a convolution within a block combines."""
    blocks: int
    """X: blocks in a repeat, each with twice the dilation of the one before it."""
    repeats: int
    """R."""

    def __post_init__(self) -> None:
        if self.frame_length <= 0 or self.frame_length % 2:
            raise ValueError("frame_length: must be even, as frames lie half a frame apart")
        if self.kernel % 2 != 1:
            raise ValueError("kernel: must be odd")
        if self.segment < self.frame_length:
            raise ValueError("segment: shorter than a frame")
        if min(self.filters, self.bottleneck, self.hidden, self.kernel, self.blocks, self.repeats) <= 0:
            raise ValueError("filters, bottleneck, hidden, kernel, blocks and repeats must be above 0")

    @property
    def hop(self) -> int:
        """Return the samples from frame to frame."""
        return self.frame_length // 2


ConvTasNetSpec: TypeAlias = Descriptor[ConvTasNetSettings]
