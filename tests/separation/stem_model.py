"""Have every process of an installation know a model that takes drums apart, by a descriptor of its own."""

from pathlib import Path

from separation.engines.modelspec import OWN
from tests.separation.engines.exchange.tiny import KIT
from tests.separation.engines.own_models import put

_DESCRIPTOR = """\
slug = "exchange:kit"
stems = ["kick", "snare", "toms", "hihat", "cymbals"]
takes = "drums"
sample_rate = 44_100
bandwidth_hz = 22_050
rank = 90
revision = "1"
folder = "kit"
licence = "None."
provenance = "Random weights."

[[files]]
name = "model.onnx"

[settings]
graph = "model.onnx"
length = 40_000
stride = 30_000
window = "triangle"
residual = true
input = "b c n"
output = "b (s c) n"
chunk_mb = 1
"""


def install_kit(models_dir: Path) -> None:
    """Describe and install the model in ``models_dir``."""
    put(models_dir / OWN, _DESCRIPTOR, "kit.toml")
    KIT.install(models_dir, KIT.files())
