"""Descriptors of an administrator's own models, in folders of tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from separation.engines import modelspec

GOOD = """\
slug = "exchange:mynet"
stems = ["vocals", "rest"]
sample_rate = 44_100
bandwidth_hz = 22_050
rank = 8
revision = "1"
folder = "mynet"
licence = "MIT, code and weights."
provenance = "Trained on songs of my own."

[[files]]
name = "mynet.onnx"

[settings]
graph = "mynet.onnx"
length = 1000
stride = 1000
input = "b c n"
output = "b s c n"
chunk_mb = 1
"""


@contextmanager
def known_in(models_dir: Path) -> Iterator[Path]:
    """Look for descriptors there; give their folder, which need not exist."""
    before = modelspec.SPECS.models_dir
    modelspec.SPECS.look_in(models_dir)
    try:
        yield models_dir / modelspec.OWN
    finally:
        modelspec.SPECS.look_in(before)


def put(folder: Path, text: str, name: str = "mynet.toml") -> Path:
    """Write a descriptor."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name
