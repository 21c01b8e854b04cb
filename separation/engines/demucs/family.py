"""The family of Demucs' models, as `separation.engines.protocol.Family` describes it.

The networks are those of the package `demucs`, versions 3 and 4 (https://github.com/facebookresearch/demucs).
"""

from pathlib import Path

from separation.engines.chunking import Chunking, as_demucs
from separation.engines.demucs.settings import DemucsSettings, DemucsSpec
from separation.engines.demucs.shapes import weight_shapes
from separation.engines.protocol import Engine, EngineKind, EngineName, LoadedModel
from separation.engines.weightfiles.states import float32_bytes

# Measured, rounded up: process and decoder; each network's code; its weights as they are and as
# OpenVINO arranges them; threads; what a network makes of each sample, for each of its first channels.
_BASE = 300_000_000
_NETWORK = 80_000_000
_COPIES = 2
_THREAD = 10_000_000
_SAMPLE_CHANNEL = 24
# PyTorch, in a process of its own: htdemucs took 1.2 GB of it.
_TORCH = 400_000_000
_TORCH_SAMPLE_CHANNEL = 36


class DemucsFamily:
    """Its networks run in OpenVINO, or, where somebody asks for that, as their authors made them in PyTorch."""

    SETTINGS = DemucsSettings

    def choose(self, name: EngineName, *, look_for_gpu: bool) -> EngineKind:  # noqa: ARG002 (PyTorch is asked for by name)
        """Return PyTorch where it is named, else OpenVINO."""
        return "torch" if name == "torch" else "openvino"

    def load(self, spec: DemucsSpec, models_dir: Path, threads: int, kind: EngineKind) -> Engine:
        """Load `spec`. Raises `ModelUnavailable`, ImportError."""
        from separation.engines.demucs import slot, torch_slot  # noqa: PLC0415 (with all that builds networks)

        slots = torch_slot.slots if kind == "torch" else slot.slots
        return LoadedModel(spec, _chunking(spec), slots(spec, models_dir, threads))

    def prepare(self, spec: DemucsSpec, models_dir: Path, kind: EngineKind) -> None:
        """Read the files of `spec` as a whole, and compile its networks. Raises as `load`."""
        self.load(spec, models_dir, 1, kind)

    def needed_bytes(self, spec: DemucsSpec, threads: int, kind: EngineKind) -> int:
        """Return the most memory that separating with `spec` takes, on processors."""
        settings = spec.settings
        weights = float32_bytes(weight_shapes(settings.architecture(spec.stems)))
        networks = len(settings.networks) * (_NETWORK + _COPIES * weights)
        base, sample_channel = (
            (_BASE + _TORCH, _TORCH_SAMPLE_CHANNEL) if kind == "torch" else (_BASE, _SAMPLE_CHANNEL)
        )
        return int(
            base + networks + threads * _THREAD + sample_channel * settings.samples * settings.channels
        )


def _chunking(spec: DemucsSpec) -> Chunking:
    """Return the chunks of the original. A transformer is always given what it was trained with."""
    return as_demucs(
        spec.settings.samples, short_ends="centred" if spec.settings.kind == "HTDemucs" else "short"
    )
