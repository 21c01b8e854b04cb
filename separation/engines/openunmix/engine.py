"""The engine of Open-Unmix's models: their networks in OpenVINO."""

from separation.engines.openunmix import network
from separation.engines.openunmix.network import Weights
from separation.engines.openunmix.settings import OpenUnmixSpec
from separation.engines.openunmix.slot import OpenUnmixSlot, chunking
from separation.engines.openvino_runtime import compile_requests


class OpenUnmixEngine:
    """Run the networks of `spec` on the processor, `threads` chunks at a time, each in one thread."""

    def __init__(self, spec: OpenUnmixSpec, weights: Weights, *, threads: int) -> None:
        self.spec = spec
        self.chunking = chunking(spec.settings)
        parts = [
            compile_requests(build(spec.settings, weights), threads)
            for build in (network.build_first, network.build_middle, network.build_last)
        ]
        self.slots = [OpenUnmixSlot(spec.settings, *requests) for requests in zip(*parts, strict=True)]
