"""Compile the sources for browsers: WebAssembly with SIMD, and the same with relaxed SIMD for those that have it.

Both builds are part of the repository, so that nothing is compiled where they are only served. The compiler makes the
same bytes of the same sources on every machine, which a test checks.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from audio.checksum import checksum
from separation.engines.modelspec import SPECS
from separation.engines.spleeter.native.build import compile_with, sources
from separation.engines.spleeter.settings import SpleeterSettings, SpleeterSpec

FOLDER: Final = Path(__file__).resolve().parents[4] / "static" / "separator"
MANIFEST: Final = "MANIFEST.json"
MODELS: Final = "models.json"
BUILDS: Final = {"separator.wasm": "", "separator_relaxed.wasm": "+relaxed_simd"}
"""Files, and what their instruction set has beyond ``simd128``."""

_EXPORTS = (
    *("__wasm_call_ctors", "__heap_base", "packed_floats", "workspace_floats", "pack", "separate"),
    *("flac_bytes", "flac_frames"),
)
_OPTIONS = (
    *("-target", "wasm32-freestanding", "-std=c17", "-O3", "-ffreestanding", "-fvisibility=hidden"),
    *("-fno-math-errno", "-fno-sanitize=undefined"),
    *("-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=1048576"),  # a FLAC frame takes 100 kB
    *(f"-Wl,--export={name}" for name in _EXPORTS),
)


def build() -> None:
    """Compile both builds into `FOLDER`, with a manifest of their digests and the bundled models. Raises `NotBuilt`."""
    compile_to(FOLDER)
    for name, facts in ((MANIFEST, manifest(FOLDER)), (MODELS, bundled_models())):
        (FOLDER / name).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def compile_to(folder: Path, *options: str) -> None:
    """Compile both builds into `folder`. Raises `NotBuilt`."""
    with tempfile.TemporaryDirectory(prefix="wasm-") as scratch:
        for name, features in BUILDS.items():
            processor = f"-mcpu=generic+simd128+bulk_memory{features}"
            compile_with((processor, *_OPTIONS, *options), folder / name, Path(scratch))


def manifest(folder: Path) -> dict[str, object]:
    """Return what the builds in `folder` are, and what they were made from."""
    digest = hashlib.sha256()
    for source in sources():
        digest.update(source.read_bytes())
    files = {name: checksum(folder / name) for name in BUILDS}
    return {"compiler": f"ziglang {version('ziglang')}", "sources": digest.hexdigest(), "files": files}


def bundled_models() -> list[dict[str, Any]]:
    """Describe the bundled models, whose weights are in ``models`` beside the script."""
    return [
        describe(spec, WeightFiles([f"models/{file.name}"], file.sha256, file.size or 0))
        for spec in SPECS.values()
        if spec.bundled and isinstance(spec.settings, SpleeterSettings)
        for file in spec.files
    ]


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """Where a browser gets a model's weights: one NumPy archive, or a checkpoint's data in pieces."""

    files: list[str]
    """Addresses; what they give is joined."""
    sha256: str
    size: int
    """Of all together, in bytes."""
    arrays: Mapping[str, tuple[int, int]] | None = None
    """Of a checkpoint: byte and count of float32 of each array."""


def describe(spec: SpleeterSpec, weights: WeightFiles) -> dict[str, Any]:
    """Return what the script (``engine.js``) must know of `spec` and of its weights."""
    settings = spec.settings
    return {
        "name": spec.slug,
        "stems": list(spec.stems),
        "networks": list(settings.networks),
        "bins": settings.bins,
        "filters": list(settings.filters),
        "activations": [settings.conv_activation, settings.deconv_activation],
        "softmax": settings.softmax,
        "exponent": settings.exponent,
        "average": settings.mask_extension == "average",
        "weights": {name: value for name, value in asdict(weights).items() if value is not None},
    }
