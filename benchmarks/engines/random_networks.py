"""Networks of official size with random weights in their official files: what they cost is what the real ones cost."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from separation.engines import model_files, modelspec
from separation.engines.convtasnet import network as convtasnet
from separation.engines.descriptors import ModelSpec
from separation.engines.openunmix import network as openunmix
from tests.separation.engines.demucs.packages import package
from tests.separation.engines.states import state_file
from tests.separation.engines.weightfiles.writing import Call, Global

_SEGMENT = Call(Global("fractions Fraction"), ("39/5",))
_SOURCES: dict[str, tuple[str, ...]] = {"demucs:htdemucs_6s": ("guitar", "piano")}


def sources(spec: ModelSpec) -> list[str]:
    """The stems of a Demucs network in the order of the official files."""
    return ["drums", "bass", "other", "vocals", *_SOURCES.get(spec.slug, ())]


def ensure(cache: Path, slug: str) -> Path:
    """The models folder that holds `slug`, made if it is not there."""
    spec, models_dir = modelspec.get(slug), cache / "models"
    folder = models_dir / spec.folder
    if not model_files.is_available(spec, models_dir):
        print(f"making a random model of official size: {slug} ...", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        for seed, file in enumerate(spec.files, 1):
            (folder / file.name).write_bytes(_content(spec, seed))
        model_files.seal(spec, folder)
    return models_dir


def repository(cache: Path, slug: str) -> Path:
    """The same files as Demucs' own command wants them: with their digests in their names, and a list beside them."""
    spec, models_dir = modelspec.get(slug), ensure(cache, slug)
    folder = cache / "demucs" / spec.folder
    folder.mkdir(parents=True, exist_ok=True)
    for file in spec.files:
        official = models_dir / spec.folder / file.name
        digest = hashlib.sha256(official.read_bytes()).hexdigest()
        link = folder / f"{_signature(file.name)}-{digest[:8]}.th"
        if not link.exists():
            link.symlink_to(official.resolve())
    listing: dict[str, Any] = {"models": [_signature(network.file) for network in spec.settings.networks]}
    if spec.settings.kind == "HDemucs":
        listing["segment"] = int(spec.settings.segment)
    if weights := shares(spec):
        listing["weights"] = weights
    (folder / f"{spec.folder}.yaml").write_text(json.dumps(listing))  # which is YAML, too
    return folder


def shares(spec: ModelSpec) -> list[list[float]] | None:
    """What each network of a Demucs model has in each source, None if there is one network."""
    if len(spec.settings.networks) == 1:
        return None
    return [
        [float(source in network.stems) for source in sources(spec)] for network in spec.settings.networks
    ]


def _signature(name: str) -> str:
    return name.partition("-")[0]


def _content(spec: ModelSpec, seed: int) -> bytes:
    settings = spec.settings
    match spec.family:
        case "demucs":
            arguments = {"sources": sources(spec), "channels": settings.channels, "multi_freqs": []}
            if settings.kind == "HDemucs":
                return package(settings.kind, arguments | {"segment": int(settings.segment)}, seed)
            more = {"segment": _SEGMENT, "bottom_channels": settings.bottom_channels, "dconv_mode": 3}
            return package(settings.kind, arguments | more, seed)
        case "openunmix":
            return state_file(openunmix.shapes(settings), seed)
        case "convtasnet":
            return state_file(convtasnet.shapes(settings, len(spec.stems)), seed)
    raise ValueError(f"{spec.slug}: there are no random weights for {spec.family}")
