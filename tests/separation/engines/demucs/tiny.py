"""The family's model for the conformance suite, and others like it."""

from dataclasses import replace
from typing import Any

from separation.engines import modelspec
from separation.engines.demucs.settings import DemucsSettings, DemucsSpec, Network
from separation.engines.descriptors import ModelFile
from tests.separation.engines.demucs.packages import FOUR, SMALL, SMALL_HYBRID, package
from tests.separation.engines.tiny import TinyModel

_OFFICIAL: DemucsSpec = modelspec.get("demucs:htdemucs")


def spec_of(name: str, settings: DemucsSettings, stems: tuple[str, ...] = tuple(FOUR)) -> DemucsSpec:
    """A model of this family in a folder of its own."""
    files = tuple(ModelFile(network.file) for network in settings.networks)
    return replace(
        _OFFICIAL,
        slug=f"demucs:{name}",
        folder=name,
        stems=stems,
        revision="tiny",
        files=files,
        settings=settings,
    )


_SETTINGS: dict[str, Any] = {"kind": "HTDemucs", "segment": 0.5, "channels": 8, "bottom_channels": 16}
ONE_FILE = (Network("tiny.th"),)

TRANSFORMER = spec_of("tiny", DemucsSettings(**_SETTINGS, networks=ONE_FILE))
BAG = spec_of(
    "tiny-bag",
    DemucsSettings(
        **_SETTINGS,
        networks=(Network("first.th", ("drums", "other")), Network("second.th", ("vocals", "bass"))),
    ),
)
HYBRID = spec_of(
    "tiny-hybrid",
    DemucsSettings(kind="HDemucs", segment=5.0, channels=8, bottom_channels=0, networks=ONE_FILE),
)

TINY = TinyModel(
    TRANSFORMER,
    files=lambda: {"tiny.th": package("HTDemucs", SMALL)},
    files_of_another=lambda: {"tiny.th": package("HTDemucs", SMALL | {"channels": 16})},
    kinds=("openvino",),
)
TINY_BAG = TinyModel(
    BAG,
    files=lambda: {
        f"{name}.th": package("HTDemucs", SMALL, seed) for seed, name in enumerate(("first", "second"), 2)
    },
    files_of_another=dict,
    kinds=("openvino",),
)
TINY_HYBRID = TinyModel(
    HYBRID,
    files=lambda: {"tiny.th": package("HDemucs", SMALL_HYBRID)},
    files_of_another=dict,
    kinds=("openvino",),
)
