"""The models that Stemoteca separates with: their networks, which are installed, which to prefer.

An official Spleeter model lives in ``models_dir/<2stems|4stems|5stems>``, exactly as its archive unpacks, and
counts only once `seal` has hashed it: a half-copied folder is not a model. The 11 kHz and 16 kHz forms of a
model share one folder, because the network is convolutional and runs at either bandwidth with the same
weights.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from audio.checksum import checksum

SAMPLE_RATE = 44_100
FRAME_LENGTH = 4096
OFFICIAL_RELEASE = "v1.4.0"
CHECKPOINT_FILES = ("model.index", "model.data-00000-of-00001")
SEAL = "verified.json"
BUNDLED_DIR = Path(__file__).with_name("spleeter") / "bundled"

# Digests of official weights that are known independently of where an archive came from.
_KNOWN_DIGESTS = {
    "2stems": {
        "model.data-00000-of-00001": "7747f9fd2c782306dbec1504360fbb645a097a48446f23486c3ff9c89bc11788"
    },
}

Activation = Literal["LeakyReLU", "ReLU", "ELU"]


class ModelUnavailable(Exception):  # noqa: N818 (a state, not a mistake)
    """The model is unknown, not installed, or its files are damaged."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One pretrained configuration: what its network looks like and how its output becomes masks."""

    slug: str
    stems: tuple[str, ...]
    revision: str
    bundled: bool
    weights: str
    """File name in the bundled folder, or folder name in ``models_dir``."""
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
    digest: str = field(default="", repr=False)
    """SHA-256 of the bundled weights file."""

    @property
    def bandwidth_hz(self) -> int:
        """Return the highest frequency the network estimates a mask for, in Hz."""
        return self.bins * SAMPLE_RATE // FRAME_LENGTH


def _compact(
    stems: tuple[str, ...], networks: tuple[str, ...], filters: tuple[int, ...], digest: str
) -> ModelSpec:
    name = f"{len(stems)}stems"
    return ModelSpec(
        slug=f"compact:{name}",
        stems=stems,
        revision=digest[:12],
        bundled=True,
        weights=f"compact-{name}.npz",
        bins=1024,
        softmax=len(stems) > 2,
        filters=filters,
        conv_activation="ELU",
        deconv_activation="ELU",
        exponent=1,
        mask_extension="average",
        networks=networks,
        digest=digest,
    )


def _official(stems: tuple[str, ...], *, softmax: bool, bins: int) -> ModelSpec:
    name = f"{len(stems)}stems"
    two = len(stems) == 2
    return ModelSpec(
        slug=f"spleeter:{name}" if bins == 1024 else f"spleeter:{name}-16kHz",
        stems=stems,
        revision=OFFICIAL_RELEASE,
        bundled=False,
        weights=name,
        bins=bins,
        softmax=softmax,
        filters=(16, 32, 64, 128, 256, 512),
        conv_activation="LeakyReLU" if two else "ELU",
        deconv_activation="ReLU" if two else "ELU",
        exponent=2,
        mask_extension="zeros",
        networks=stems,
    )


_TWO = ("vocals", "accompaniment")
_FOUR = ("vocals", "drums", "bass", "other")
_FIVE = ("vocals", "piano", "drums", "bass", "other")

# In order of preference among models with the same stems.
SPECS: dict[str, ModelSpec] = {
    spec.slug: spec
    for spec in (
        _official(_TWO, softmax=False, bins=1536),
        _official(_TWO, softmax=False, bins=1024),
        _compact(
            _TWO,
            ("vocals",),
            (16, 24, 48, 96, 128, 160),
            "836872b48d19797e2ee9f9e87ecd79abb3434b4f8ec5bec36e5bc0070d53348b",
        ),
        _official(_FOUR, softmax=False, bins=1536),
        _official(_FOUR, softmax=False, bins=1024),
        _compact(
            _FOUR,
            _FOUR,
            (8, 16, 32, 64, 96, 128),
            "5c8bb6a4403ac71e772586fedf39dfe3e8d21503af88a1302c60c19ec602c7f6",
        ),
        _official(_FIVE, softmax=True, bins=1536),
        _official(_FIVE, softmax=True, bins=1024),
    )
}


def get(slug: str) -> ModelSpec:
    """Return the spec called `slug`. Raises `ModelUnavailable` for an unknown one."""
    try:
        return SPECS[slug]
    except KeyError:
        raise ModelUnavailable(f"unknown model {slug!r}") from None


def is_available(spec: ModelSpec, models_dir: Path) -> bool:
    """Return whether `spec` is installed. Cheap: looks at the seal and at file sizes, not at the contents."""
    if spec.bundled:
        return (BUNDLED_DIR / spec.weights).is_file()
    return read_seal(models_dir / spec.weights) is not None


def available(models_dir: Path) -> list[ModelSpec]:
    """Return every installed model, the preferred one of each number of stems first."""
    return [spec for spec in SPECS.values() if is_available(spec, models_dir)]


def best_for(stem_count: int, models_dir: Path) -> ModelSpec:
    """Return the preferred installed model with `stem_count` stems. Raises `ModelUnavailable` if there is none."""
    for spec in available(models_dir):
        if len(spec.stems) == stem_count:
            return spec
    raise ModelUnavailable(f"no model with {stem_count} stems is installed")


def default(models_dir: Path) -> ModelSpec:
    """Return the model used when none was chosen: the preferred installed one with two stems."""
    return best_for(2, models_dir)


def seal(folder: Path, name: str) -> None:
    """Hash the checkpoint of the official model `name` ("2stems") in `folder` and record it as complete.

    Call it after the archive's checksum was verified and before the folder gets its final name. The source of
    the checksum (Spleeter's release, or a mirror with its own weights) is trusted; `is_official` tells which.
    Raises `ModelUnavailable` when a file is missing.
    """
    files = {}
    for file_name in CHECKPOINT_FILES:
        path = folder / file_name
        if not path.is_file():
            raise ModelUnavailable(f"{name}: {file_name} is missing")
        files[file_name] = {"size": path.stat().st_size, "sha256": checksum(path)}
    partial = folder / (SEAL + ".part")
    partial.write_text(json.dumps({"release": OFFICIAL_RELEASE, "files": files}, indent=1))
    partial.replace(folder / SEAL)


def is_official(folder: Path, name: str) -> bool:
    """Return whether `folder` holds files with the known digests of the official model `name`."""
    known = _KNOWN_DIGESTS.get(name, {})
    return bool(known) and all(
        (folder / file_name).is_file() and checksum(folder / file_name) == digest
        for file_name, digest in known.items()
    )


def read_seal(folder: Path) -> dict[str, str] | None:
    """Return SHA-256 by file name as sealed, None if `folder` is not a complete model of this release."""
    try:
        sealed = json.loads((folder / SEAL).read_text())
        if sealed["release"] != OFFICIAL_RELEASE:
            return None
        digests = {}
        for name in CHECKPOINT_FILES:
            entry = sealed["files"][name]
            if (folder / name).stat().st_size != entry["size"]:
                return None
            digests[name] = str(entry["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return digests
