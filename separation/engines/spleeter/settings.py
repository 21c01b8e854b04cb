"""What the descriptor of a model of this family says besides what every model has."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from separation.engines.descriptors import Descriptor

Activation = Literal["LeakyReLU", "ReLU", "ELU"]


@dataclass(frozen=True, slots=True)
class SpleeterSettings:
    """What the network looks like, and how its output becomes masks."""

    bins: int
    """Frequency bins the network sees (``F`` in Spleeter)."""
    softmax: bool
    """True for ``unet.softmax_unet``, False for ``unet.unet``."""
    filters: tuple[int, ...]
    conv_activation: Activation
    deconv_activation: Activation
    exponent: int
    mask_extension: Literal["zeros", "average"]
    networks: tuple[str, ...]
    """Stems with a network of their own. Where one of two has none, it gets the other's logits negated."""

    def __post_init__(self) -> None:
        if self.bins <= 0 or self.bins % 64:
            raise ValueError("bins: must be a multiple of 64")
        if len(self.filters) != 6 or min(self.filters) <= 0:
            raise ValueError("filters: a network has six encoder layers")
        if not self.networks:
            raise ValueError("networks: none")


SpleeterSpec: TypeAlias = Descriptor[SpleeterSettings]
