"""The families of models. A new one is a folder beside this module, and a line here."""

from separation.engines.convtasnet import family as convtasnet
from separation.engines.demucs import family as demucs
from separation.engines.exchange import family as exchange
from separation.engines.openunmix import family as openunmix
from separation.engines.protocol import Family
from separation.engines.spleeter import family as spleeter

FAMILIES: dict[str, Family] = {
    "demucs": demucs,
    "spleeter": spleeter,
    "openunmix": openunmix,
    "convtasnet": convtasnet,
    "exchange": exchange,
}
"""By the name of the folder, which holds the descriptors (``models/*.toml``) and may hold ``bundled`` files."""
