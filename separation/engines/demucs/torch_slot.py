"""Separate one chunk with Demucs' original in PyTorch, on a GPU if there is one."""

from pathlib import Path

from separation.engines.demucs.package import load_package
from separation.engines.demucs.settings import DemucsSpec, Network
from separation.engines.torch.client import Original, TorchSlot


def slots(spec: DemucsSpec, models_dir: Path, threads: int) -> list[TorchSlot]:
    """Load the networks of `spec` for one chunk at a time, in `threads` threads where there is no GPU.

    Raises `ModelUnavailable`, and ImportError where there is no PyTorch.
    """
    networks = [_original(spec, part, models_dir) for part in spec.settings.networks]
    return [TorchSlot(networks, len(spec.stems), threads)]


def _original(spec: DemucsSpec, part: Network, models_dir: Path) -> Original:
    # Read by us, as with every engine: PyTorch would execute what a file says.
    package = load_package(spec, part, models_dir)
    sources = package.architecture.sources
    outputs = [(sources.index(stem), spec.stems.index(stem)) for stem in part.stems or spec.stems]
    return Original(package.architecture.kind, package.arguments, package.tensors, outputs)
