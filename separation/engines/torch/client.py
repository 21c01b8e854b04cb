"""Talk to the process that runs networks in PyTorch."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from weakref import finalize

import numpy as np

from separation.engines.chunking import Audio
from separation.engines.torch import interpreter
from separation.engines.weightfiles.torch_file import Tensor

_RUNNER = Path(__file__).with_name("runner.py")


@dataclass(frozen=True, slots=True)
class Original:
    """A network as its authors' code makes it."""

    kind: str
    """The name of its class."""
    arguments: Mapping[str, Any]
    """Those of the constructor: what JSON knows, and fractions."""
    tensors: Mapping[str, Tensor]
    outputs: Sequence[tuple[int, int]]
    """Which of its sources are which stems of the model."""


class TorchSlot:
    """A worker slot whose networks run in another process, which ends with this one. See `WorkerSlot`."""

    def __init__(self, networks: Sequence[Original], stems: int, threads: int) -> None:
        """Start the process. Raises ImportError where the interpreter cannot run the originals."""
        python = interpreter.python()
        if problem := interpreter.problem(python):
            raise ImportError(f"{problem} ({interpreter.VARIABLE})")
        process = subprocess.Popen(
            [str(python), "-W", "ignore", str(_RUNNER), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if not process.stdin or not process.stdout:
            raise AssertionError("asked for pipes")
        self._process, self._input, self._output = process, process.stdin, process.stdout
        finalize(self, _end, process)
        self._give(networks, stems)
        self.device: str = json.loads(self._output.readline() or self._fail())["device"]
        """What the networks run on, in words."""

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:  # noqa: ARG002 (every chunk is alike)
        """Separate one chunk, see `WorkerSlot`."""
        try:
            self._input.write(chunk.shape[1].to_bytes(8, "little") + chunk.tobytes())
            self._input.flush()
        except OSError:
            self._fail()
        for stem in stems:
            content = self._output.read(stem.nbytes)
            if len(content) < stem.nbytes:
                self._fail()
            stem[...] = np.frombuffer(content, np.float32).reshape(stem.shape)

    def _give(self, networks: Sequence[Original], stems: int) -> None:
        described = [
            {
                "kind": network.kind,
                "arguments": network.arguments,
                "tensors": [
                    (name, tensor.shape, tensor.dtype.name) for name, tensor in network.tensors.items()
                ],
                "outputs": network.outputs,
            }
            for network in networks
        ]
        header = json.dumps({"stems": stems, "networks": described}, default=_plain)
        try:
            self._input.write(header.encode() + b"\n")
            for network in networks:
                for tensor in network.tensors.values():
                    self._input.write(np.ascontiguousarray(tensor).tobytes())
            self._input.flush()
        except OSError:
            self._fail()

    def _fail(self) -> Any:
        raise RuntimeError(f"the process that runs PyTorch ended with status {self._process.wait()}")


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    raise TypeError(f"{type(value).__name__} cannot be an argument of a network")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()
