"""The engine of models in exchange formats."""

from typing import Any

from separation.engines.exchange.settings import ExchangeSpec, outputs
from separation.engines.exchange.slots import ExchangeSlot
from separation.engines.openvino_runtime import compile_requests


class ExchangeEngine:
    """Run an ``openvino.Model`` on the processor, `threads` chunks at a time, each in one thread."""

    def __init__(self, spec: ExchangeSpec, model: Any, *, threads: int) -> None:
        self.spec = spec
        self.chunking = spec.settings.chunking
        requests = compile_requests(model, threads)
        self.slots = [ExchangeSlot(spec.settings, request, outputs(spec)) for request in requests]
