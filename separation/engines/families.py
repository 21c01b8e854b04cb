"""The families of models. A new one is a folder beside this module, and a line here."""

from separation.engines.convtasnet.family import ConvTasNetFamily
from separation.engines.demucs.family import DemucsFamily
from separation.engines.exchange.family import ExchangeFamily
from separation.engines.openunmix.family import OpenUnmixFamily
from separation.engines.protocol import Family
from separation.engines.spleeter.family import SpleeterFamily

FAMILIES: dict[str, Family] = {
    "demucs": DemucsFamily(),
    "spleeter": SpleeterFamily(),
    "openunmix": OpenUnmixFamily(),
    "convtasnet": ConvTasNetFamily(),
    "exchange": ExchangeFamily(),
}
"""By the name of the folder, which holds the descriptors (``models/*.toml``) and may hold ``bundled`` files."""
