"""Networks of exchange formats: what the descriptor says of them is what happens around them."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from separation.engines import registry
from separation.engines.chunking import Audio
from separation.engines.descriptors import ModelUnavailable
from separation.engines.exchange.layout import parse
from separation.engines.exchange.settings import ExchangeSettings, ExchangeSpec, SpectrogramSettings
from separation.engines.streaming import measure, separate
from tests.separation.engines.exchange.onnx_file import Node, onnx_file
from tests.separation.engines.exchange.tiny import spec
from tests.separation.engines.fakes import joined, song
from tests.separation.engines.tiny import TinyModel

MAGNITUDES = SpectrogramSettings(frame_length=256, hop=64, bins=129, takes="magnitudes", gives="masks")
WAVEFORM = ExchangeSettings("model.onnx", 1000, 1000, "b c n", "b c n", 1)
SPECTRAL = ExchangeSettings(
    "model.onnx", 1000, 600, "b c f t", "b c f t", 1, context=100, window="triangle", spectrogram=MAGNITUDES
)


def scaling(shape: list[int], factors: Audio) -> bytes:
    """A network that multiplies what it is given by `factors`."""
    nodes = [Node("Mul", ["given", "factors"], "result")]
    return onnx_file(nodes, {"factors": factors}, {"given": list(shape)}, {"result": list(shape)})


def separated(model: ExchangeSpec, file: bytes, audio: Audio, folder: Path) -> Audio:
    tiny = TinyModel(model, lambda: {"model.onnx": file}, dict, ("openvino",))
    tiny.install(folder, tiny.files())
    engine = registry.load_engine(model, folder)
    return joined(list(separate([audio], engine, measure([audio]))))


def test_layouts_turn_arrays_there_and_back() -> None:
    values = np.arange(2 * 2 * 3 * 5, dtype=np.float32).reshape(2, 2, 3, 5)
    sizes = {"b": 1, "c": 2, "p": 2, "f": 3, "t": 5}
    layout = parse("b (f c) t p", "bcpft")
    packed = layout.pack(values, "cpft")
    assert packed.shape == layout.shape(sizes) == (1, 6, 5, 2)
    assert packed[0, 1 * 2 + 1, 4, 0] == values[1, 0, 1, 4]  # the second frequency, on the right
    np.testing.assert_array_equal(layout.unpack(packed, "cpft", sizes), values)


@pytest.mark.parametrize("text", ["", "b c", "b c c n", "b c n f", "b(c) n", "b (c n", "B c n", "b c  n"])
def test_what_is_no_layout_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"layout|axes"):
        parse(text, "bscn")


def test_samples_in_and_stems_out(tmp_path: Path) -> None:
    audio = song(4321)
    file = scaling([1, 2, 1000], np.array([[0.5], [0.25]], dtype=np.float32))
    model = spec("halves", replace(WAVEFORM, residual=True), ("vocals", "rest"), ("model.onnx",))
    stems = separated(model, file, audio, tmp_path)
    np.testing.assert_allclose(stems[0], audio * [[0.5], [0.25]], rtol=0, atol=1e-6)
    np.testing.assert_allclose(stems[1], audio * [[0.5], [0.75]], rtol=0, atol=1e-6)


@pytest.mark.parametrize("gives", ["masks", "spectra"])
@pytest.mark.parametrize("takes", ["magnitudes", "complex"])
def test_spectra_in_and_out(
    takes: Literal["magnitudes", "complex"], gives: Literal["masks", "spectra"], tmp_path: Path
) -> None:
    """A network that halves the right channel, or that answers with a mask that does."""
    audio = song(3456)
    axes = "b c p f t" if takes == "complex" else "b c f t"
    transform = replace(MAGNITUDES, takes=takes, gives=gives)
    settings = replace(SPECTRAL, spectrogram=transform, input=axes, output=axes)
    shape = list(settings.input_layout.shape(settings.sizes(1)))
    if gives == "spectra":
        factors = np.array([1, 0.5], dtype=np.float32).reshape(1, 2, *[1] * (len(shape) - 2))
        file = scaling(shape, factors)
    else:
        nodes = [Node("Sub", ["given", "given"], "zeros"), Node("Add", ["zeros", "mask"], "result")]
        mask = np.array([[1, 0], [0.5, 0]] if takes == "complex" else [1, 0.5], dtype=np.float32)
        constants = {"mask": mask[None, ..., None, None]}
        file = onnx_file(nodes, constants, {"given": shape}, {"result": shape})
    model = spec("spectra", settings, ("vocals",), ("model.onnx",))
    stems = separated(model, file, audio, tmp_path)
    np.testing.assert_allclose(stems[0], audio * [[1], [0.5]], rtol=0, atol=2e-6)


@pytest.mark.parametrize("samples", [1, 96, 984, 985, 3456])
def test_a_network_that_answers_for_the_middle_only_sees_zeros_around_the_song(
    samples: int, tmp_path: Path
) -> None:
    audio = song(samples)
    kernel = np.random.default_rng(1).normal(0, 0.2, (2, 2, 17)).astype(np.float32)
    nodes = [Node("Conv", ["given", "kernel"], "inner"), Node("Pad", ["inner", "pads"], "result")]
    constants = {"kernel": kernel, "pads": np.array([0, 0, 8, 0, 0, 8])}
    file = onnx_file(nodes, constants, {"given": [1, 2, 1000]}, {"result": [1, 2, 1000]})
    settings = replace(WAVEFORM, stride=1000 - 2 * 8, context=8, lead=8)
    stems = separated(spec("middle", settings, ("vocals",), ("model.onnx",)), file, audio, tmp_path)
    padded = np.pad(audio, ((0, 0), (8, 8)))
    expected = np.array(
        [np.sum([np.correlate(padded[n], part[n], "valid") for n in range(2)], axis=0) for part in kernel]
    )
    np.testing.assert_allclose(stems[0], expected, rtol=0, atol=1e-5)


def test_a_network_that_is_not_as_described_is_refused(tmp_path: Path, subtests: pytest.Subtests) -> None:
    file = scaling([1, 2, 1000], np.ones((1, 2, 1), dtype=np.float32))
    cases = {
        "outputs": (replace(WAVEFORM, residual=False), ("vocals", "rest"), "1 outputs instead of 2"),
        "shape": (
            replace(WAVEFORM, output="b n c"),
            ("vocals",),
            r"gives \[1,2,1000\] instead of \[1, 1000, 2\]",
        ),
    }
    for name, (settings, stems, reason) in cases.items():
        with subtests.test(name), pytest.raises(ModelUnavailable, match=f"exchange:{name}: .*{reason}"):
            separated(spec(name, settings, stems, ("model.onnx",)), file, song(10), tmp_path)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"graph": "model.pt"}, "graph: must be"),
        ({"stride": 900}, "window: chunks that overlap need weights"),
        ({"window": "flat"}, "window: chunks that overlap need weights"),
        ({"input": "b n"}, "must have the axes"),
        ({"stride": 1001}, "leave gaps"),
        ({"lead": 1000}, "no sample of the song"),
        (
            {
                "length": 128,
                "stride": 128,
                "input": "b c f t",
                "output": "b c f t",
                "spectrogram": MAGNITUDES,
            },
            "half",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(changed: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(WAVEFORM, **changed)  # type: ignore[arg-type]  # on purpose
