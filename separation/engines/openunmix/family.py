"""The family of Open-Unmix's models, as `separation.engines.openvino_family` describes it."""

from collections.abc import Sequence
from pathlib import Path

from separation.engines.chunking import Chunking
from separation.engines.openunmix import network, slot
from separation.engines.openunmix.network import Weights
from separation.engines.openunmix.settings import OpenUnmixSettings, OpenUnmixSpec, networks
from separation.engines.openvino_family import OpenVinoFamily
from separation.engines.openvino_runtime import compile_requests
from separation.engines.protocol import WorkerSlot
from separation.engines.weightfiles.states import float32_bytes, read_states

_COPIES = 3
"""Of the weights, while they are read, multiplied together and compiled."""
_CHUNK = 300_000_000
"""Spectra of a window of the Wiener filter, and what OpenVINO keeps of a chunk."""


class OpenUnmixFamily(OpenVinoFamily[Weights]):
    """A network for each stem, each in a file of its own as ``torch.save`` wrote it."""

    SETTINGS = OpenUnmixSettings

    def read(self, spec: OpenUnmixSpec, models_dir: Path) -> Weights:
        """Map the weights of each stem. Raises `ModelUnavailable`."""
        states = read_states(spec, models_dir, network.shapes(spec.settings))
        return dict(zip(networks(spec), states, strict=True))

    def chunking(self, spec: OpenUnmixSpec) -> Chunking:
        """Return chunks of whole windows of the Wiener filter."""
        return slot.chunking(spec.settings)

    def slots(self, spec: OpenUnmixSpec, loaded: Weights, threads: int) -> Sequence[WorkerSlot]:
        """Build and compile the three parts of the networks."""
        parts = [
            compile_requests(build(spec.settings, loaded), threads)
            for build in (network.build_first, network.build_middle, network.build_last)
        ]
        return [slot.OpenUnmixSlot(spec.settings, *requests) for requests in zip(*parts, strict=True)]

    def weights_bytes(self, spec: OpenUnmixSpec) -> int:
        """Return what the weights of all networks take."""
        return _COPIES * float32_bytes(network.shapes(spec.settings)) * len(networks(spec))

    def slot_bytes(self, spec: OpenUnmixSpec) -> int:
        """Return what a chunk takes, and the stems of two.

        One is separated while another is added to its neighbours, in copies.
        """
        return _CHUNK + 4 * 4 * 2 * slot.chunking(spec.settings).length * len(spec.stems)
