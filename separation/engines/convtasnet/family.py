"""The family of Conv-TasNet's models, as `separation.engines.openvino_family` describes it."""

from collections.abc import Sequence
from pathlib import Path

from separation.engines.chunking import Chunking, as_demucs
from separation.engines.convtasnet import network
from separation.engines.convtasnet.network import Weights
from separation.engines.convtasnet.settings import ConvTasNetSettings, ConvTasNetSpec
from separation.engines.convtasnet.slot import ConvTasNetSlot
from separation.engines.openvino_family import OpenVinoFamily
from separation.engines.openvino_runtime import compile_requests
from separation.engines.protocol import WorkerSlot
from separation.engines.weightfiles.states import Shapes, float32_bytes, read_states

_COPIES = 3
"""Of the weights, while they are read and compiled."""


class ConvTasNetFamily(OpenVinoFamily[Weights]):
    """One network, in one file, that gives all stems."""

    SETTINGS = ConvTasNetSettings

    def read(self, spec: ConvTasNetSpec, models_dir: Path) -> Weights:
        """Map the weights. Raises `ModelUnavailable`."""
        (weights,) = read_states(spec, models_dir, _shapes(spec))
        return weights

    def chunking(self, spec: ConvTasNetSpec) -> Chunking:
        """Return the chunks of the original; the last one is as short as the song leaves it."""
        return as_demucs(spec.settings.segment, short_ends="short")

    def slots(self, spec: ConvTasNetSpec, loaded: Weights, threads: int) -> Sequence[WorkerSlot]:
        """Build and compile the network."""
        requests = compile_requests(network.build(spec.settings, loaded, len(spec.stems)), threads)
        return [ConvTasNetSlot(request, spec.settings.frame_length) for request in requests]

    def weights_bytes(self, spec: ConvTasNetSpec) -> int:
        """Return what the weights take."""
        return _COPIES * float32_bytes(_shapes(spec))

    def slot_bytes(self, spec: ConvTasNetSpec) -> int:
        """Return what a chunk takes at the widest place of the network, with what OpenVINO keeps beside it."""
        settings = spec.settings
        widest = (
            settings.segment
            // settings.hop
            * (3 * settings.hidden + 2 * settings.bottleneck + settings.filters)
        )
        return 4 * (widest + 3 * 2 * len(spec.stems) * settings.segment)


def _shapes(spec: ConvTasNetSpec) -> Shapes:
    return network.shapes(spec.settings, len(spec.stems))
