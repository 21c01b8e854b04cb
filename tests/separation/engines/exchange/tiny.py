"""The family's models for the conformance suite: an ONNX file with samples in and out, IR files with spectra."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from separation.engines.descriptors import Descriptor, ModelFile
from separation.engines.exchange.settings import ExchangeSettings, ExchangeSpec, SpectrogramSettings
from separation.engines.openvino_runtime import import_without_telemetry
from tests.separation.engines.exchange.onnx_file import Node, onnx_file
from tests.separation.engines.tiny import TinyModel

_SIZE = 16


def spec(
    name: str, settings: ExchangeSettings, stems: tuple[str, ...], files: tuple[str, ...], takes: str = ""
) -> ExchangeSpec:
    return Descriptor(
        slug=f"exchange:{name}",
        family="exchange",
        stems=stems,
        sample_rate=44_100,
        bandwidth_hz=22_050,
        rank=90,
        revision="1",
        files=tuple(ModelFile(file) for file in files),
        licence="",
        provenance="",
        settings=settings,
        takes=takes,
        folder=name,
    )


def waveform_file(size: int, stems: int = 2) -> dict[str, bytes]:
    """Two convolutions, [1, 2, n] to [1, 2 * stems, n]: the left and right of one stem, then of the next."""
    generator = np.random.default_rng(size)
    kernels = {
        "first": generator.normal(0, 0.2, (size, 2, 9)).astype(np.float32),
        "last": generator.normal(0, 0.2, (2 * stems, size, 1)).astype(np.float32),
    }
    nodes = [
        Node("Conv", ["mixture", "first"], "inner", {"pads": [4, 4]}),
        Node("Tanh", ["inner"], "bent"),
        Node("Conv", ["bent", "last"], "stems"),
    ]
    return {"model.onnx": onnx_file(nodes, kernels, {"mixture": [1, 2, "n"]}, {"stems": [1, 2 * stems, "n"]})}


@cache
def spectrogram_files(size: int, bins: int) -> dict[str, bytes]:
    """Complex masks for one stem: two dense layers along the frequencies, [1, 4, bins, frames] to the same shape."""
    openvino = import_without_telemetry()
    ops: Any = openvino.opset13
    generator = np.random.default_rng(size)
    spectra = ops.parameter([1, 4, bins, -1], dtype=np.float32)
    node = ops.transpose(spectra, ops.constant(np.array([0, 1, 3, 2])))
    for shape in ((bins, size), (size, bins)):
        kernel = generator.normal(0, 1 / np.sqrt(shape[0]), shape).astype(np.float32)
        node = ops.tanh(ops.matmul(node, ops.constant(kernel), transpose_a=False, transpose_b=False))
    masks = ops.transpose(node, ops.constant(np.array([0, 1, 3, 2])))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xml"
        openvino.save_model(openvino.Model([masks], [spectra]), path, compress_to_fp16=False)
        return {name: path.with_name(name).read_bytes() for name in ("model.xml", "model.bin")}


WAVEFORM = TinyModel(
    spec(
        "waveform",
        ExchangeSettings(
            graph="model.onnx",
            length=4000,
            stride=3000,
            window="triangle",
            normalise=True,
            input="b c n",
            output="b (s c) n",
            chunk_mb=1,
        ),
        ("lead", "backing"),
        ("model.onnx",),
    ),
    files=lambda: waveform_file(_SIZE),
    files_of_another=lambda: {"model.onnx": spectrogram_files(_SIZE, 65)["model.xml"]},
    kinds=("openvino",),
)


KIT = TinyModel(
    spec(
        "kit",
        ExchangeSettings(
            graph="model.onnx",
            length=40_000,
            stride=30_000,
            window="triangle",
            residual=True,
            input="b c n",
            output="b (s c) n",
            chunk_mb=1,
        ),
        ("kick", "snare", "toms", "hihat", "cymbals"),
        ("model.onnx",),
        takes="drums",
    ),
    files=lambda: waveform_file(_SIZE, stems=4),
    files_of_another=lambda: waveform_file(_SIZE, stems=2),
    kinds=("openvino",),
)
"""Takes the stem drums apart; the parts add up to it."""


SPECTROGRAM = TinyModel(
    spec(
        "spectrogram",
        ExchangeSettings(
            graph="model.xml",
            length=4096,
            stride=3000,
            context=200,
            window="flat",
            residual=True,
            input="b (c p) f t",
            output="b (c p) f t",
            chunk_mb=1,
            spectrogram=SpectrogramSettings(
                frame_length=256, hop=64, bins=100, takes="complex", gives="masks"
            ),
        ),
        ("vocals", "accompaniment"),
        ("model.xml", "model.bin"),
    ),
    files=lambda: spectrogram_files(_SIZE, 100),
    files_of_another=lambda: spectrogram_files(_SIZE, 90),
    kinds=("openvino",),
)
