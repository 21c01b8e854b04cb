"""Run networks of one chunk after the other: ``python runner.py THREADS`` in the interpreter that has PyTorch.

Imports nothing of ours. From the standard input come, as ``client.py`` writes them, a line of JSON that describes the
networks, their weights, and then chunks. To the standard output go a line that names the device, and then stems.
"""

import importlib
import inspect
import json
import math
import os
import sys
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np
import torch

_CLASSES = {"HTDemucs": "demucs.htdemucs", "HDemucs": "demucs.hdemucs"}


def main() -> None:
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries that print must not write between the stems
    torch.set_num_threads(int(sys.argv[1]))
    # A GPU's TensorFloat-32 has ten bits of mantissa: audibly not the same.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = json.loads(requests.readline())
    networks = [(_network(described, requests).to(device), described) for described in model["networks"]]
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the processor"
    answers.write(json.dumps({"device": name}).encode() + b"\n")
    answers.flush()
    with torch.inference_mode():
        while header := requests.read(8):
            samples = int.from_bytes(header, "little")
            chunk = torch.from_numpy(_array(requests, (1, 2, samples), "float32")).to(device)
            stems = np.empty((model["stems"], 2, samples), dtype=np.float32)
            for network, described in networks:
                sources = network(chunk)[0]
                for source, stem in described["outputs"]:
                    stems[stem] = sources[source].cpu().numpy()
            answers.write(stems.tobytes())
            answers.flush()


def _network(described: dict[str, Any], requests: BinaryIO) -> Any:
    kind = getattr(importlib.import_module(_CLASSES[described["kind"]]), described["kind"])
    known = inspect.signature(kind).parameters  # as the original does, for files of other versions
    arguments = {name: _value(value) for name, value in described["arguments"].items() if name in known}
    network = kind(**arguments)
    network.load_state_dict(
        {
            name: torch.from_numpy(_array(requests, tuple(shape), dtype))
            for name, shape, dtype in described["tensors"]
        }
    )
    return network.float().eval()


def _value(value: Any) -> Any:
    return Fraction(value["fraction"]) if isinstance(value, dict) else value


def _array(requests: BinaryIO, shape: tuple[int, ...], dtype: str) -> Any:
    content = bytearray(
        requests.read(math.prod(shape) * np.dtype(dtype).itemsize)
    )  # PyTorch wants it writable
    return np.frombuffer(content, dtype).reshape(shape)


if __name__ == "__main__":
    main()
