"""Arguments of the native library: what does not fit is refused, instead of written somewhere."""

import ctypes
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audio.flac_frames import FRAME_SAMPLES
from separation.engines.spleeter.native import binding
from separation.engines.spleeter.native import engine as native_engine
from separation.engines.spleeter.native.engine import NativeEngine
from separation.engines.spleeter.stft_params import CHUNK
from tests.separation.engines.spleeter.models import MODELS, weights_of

Array = Any


@pytest.fixture(scope="module")
def engine() -> NativeEngine:
    spec = MODELS["two"]
    return NativeEngine(spec, native_engine.pack(spec, weights_of("two")), threads=1)


def chunk() -> Array:
    return np.zeros((2, CHUNK), dtype=np.float32)


def stems() -> Array:
    return np.zeros((2, 2, CHUNK), dtype=np.float32)


def read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array


def test_separate_takes_arrays_of_the_right_kind(engine: NativeEngine) -> None:
    result = stems() + 1
    engine.slots[0].separate(read_only(chunk()), result, is_first=True)
    assert not result.any()


@pytest.mark.parametrize(
    ("chunk", "stems", "error"),
    [
        pytest.param(lambda: chunk().astype(float), stems, ctypes.ArgumentError, id="float64 chunk"),
        pytest.param(chunk, lambda: stems().astype(float), ctypes.ArgumentError, id="float64 stems"),
        pytest.param(lambda: chunk().astype(">f4"), stems, ctypes.ArgumentError, id="other byte order"),
        pytest.param(lambda: np.asfortranarray(chunk()), stems, ctypes.ArgumentError, id="columns first"),
        pytest.param(
            lambda: np.zeros((2, 2 * CHUNK), np.float32)[:, ::2],
            stems,
            ctypes.ArgumentError,
            id="strided chunk",
        ),
        pytest.param(
            chunk,
            lambda: np.zeros((2, 2, 2 * CHUNK), np.float32)[:, :, ::2],
            ctypes.ArgumentError,
            id="strided stems",
        ),
        pytest.param(chunk, lambda: read_only(stems()), ctypes.ArgumentError, id="read-only stems"),
        pytest.param(lambda: chunk()[0], stems, ValueError, id="one dimension"),
        pytest.param(lambda: chunk()[np.newaxis], stems, ValueError, id="three dimensions"),
        pytest.param(lambda: np.zeros((2, CHUNK - 1), np.float32), stems, ValueError, id="too short"),
        pytest.param(chunk, lambda: np.zeros((1, 2, CHUNK), np.float32), ValueError, id="too few stems"),
        pytest.param(lambda: chunk().tolist(), stems, (AttributeError, TypeError), id="a list"),
    ],
)
def test_separate_refuses_other_arrays(
    engine: NativeEngine,
    chunk: Callable[[], Array],
    stems: Callable[[], Array],
    error: type[Exception] | tuple[type[Exception], ...],
) -> None:
    with pytest.raises(error):
        engine.slots[0].separate(chunk(), stems(), is_first=True)


def test_the_library_itself_checks_dtype_dimensions_and_layout() -> None:
    """Also of arrays whose shape nobody has looked at."""
    wrong: list[Array] = [np.zeros(8), np.zeros((2, 4), np.float32), np.zeros(16, np.float32)[::2], None]
    layers = (binding.Variables * binding.LAYERS)()
    model = native_engine._model(MODELS["two"])
    for packed in wrong:
        with pytest.raises(ctypes.ArgumentError):
            binding.load().pack(ctypes.byref(model), layers, packed)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stems", 9),
        ("stems", 1),
        ("networks", 3),
        ("networks", 0),
        ("bins", 2080),
        ("frames", 511),
        ("exponent", 3),
    ],
)
def test_models_that_the_library_does_not_support_are_refused(field: str, value: int) -> None:
    model = native_engine._model(MODELS["two"])
    setattr(model, field, value)
    with pytest.raises(ValueError, match="does not support"):
        binding.packed_floats(model)
    with pytest.raises(ValueError, match="does not support"):
        binding.workspace_floats(model)
    layers = (binding.Variables * binding.LAYERS)()
    with pytest.raises(ValueError, match="does not support"):
        binding.load().pack(ctypes.byref(model), layers, np.zeros(8, np.float32))
    with pytest.raises(ValueError, match="does not support"):
        binding.load().separate(
            ctypes.byref(model),
            ctypes.byref(binding.StftWindows()),
            np.zeros((1, 1), np.float32),
            np.zeros(1, np.float32),
            np.zeros((1, 1), np.float32),
            np.zeros((1, 1, 1), np.float32),
        )


def test_nine_stems_are_too_many() -> None:
    names = tuple(f"stem{number}" for number in range(9))
    spec = replace(MODELS["five"], stems=names, settings=replace(MODELS["five"].settings, networks=names))
    with pytest.raises(ValueError, match="does not support"):
        native_engine.form().floats(spec)


def test_weights_of_another_shape_are_not_packed() -> None:
    weights = dict(weights_of("two"))
    weights["vocals/conv1/kernel"] = weights["vocals/conv1/kernel"][:, :4]
    with pytest.raises(ValueError, match="misshapen, first vocals/conv1/kernel"):
        native_engine.pack(MODELS["two"], weights)


def flac_buffers(samples: int) -> tuple[Array, Array]:
    return np.zeros(binding.flac_bytes(samples), np.uint8), np.zeros(-(-samples // FRAME_SAMPLES), np.uint32)


def test_flac_frames_takes_arrays_of_the_right_kind() -> None:
    to, sizes = flac_buffers(5000)
    assert binding.flac_frames(np.ones((5000, 2), np.int16), 0, to, sizes) == sizes.sum() > 0


@pytest.mark.parametrize(
    ("pcm", "error"),
    [
        pytest.param(lambda: np.zeros((5000, 2), np.int32), ctypes.ArgumentError, id="int32"),
        pytest.param(lambda: np.zeros((5000, 2), np.float32), ctypes.ArgumentError, id="float32"),
        pytest.param(lambda: np.zeros((2, 5000), np.int16).T, ctypes.ArgumentError, id="columns first"),
        pytest.param(lambda: np.zeros((5000, 4), np.int16)[:, ::2], ctypes.ArgumentError, id="strided"),
        pytest.param(lambda: np.zeros(5000, np.int16), ValueError, id="mono"),
        pytest.param(lambda: np.zeros((5000, 3), np.int16), ValueError, id="three channels"),
        pytest.param(lambda: np.zeros((9000, 2), np.int16), ValueError, id="more than the buffers hold"),
    ],
)
def test_flac_frames_refuses_other_arrays(pcm: Callable[[], Array], error: type[Exception]) -> None:
    to, sizes = flac_buffers(5000)
    with pytest.raises(error):
        binding.flac_frames(pcm(), 0, to, sizes)
    assert not to.any()


def test_flac_frames_refuses_other_buffers() -> None:
    pcm = np.zeros((5000, 2), np.int16)
    to, sizes = flac_buffers(5000)
    for wrong_to, wrong_sizes, error in (
        (to.astype(np.int8), sizes, ctypes.ArgumentError),
        (to, sizes.astype(np.int64), ctypes.ArgumentError),
        (to[:-1], sizes, ValueError),
        (to, sizes[:1], ValueError),
    ):
        with pytest.raises(error):
            binding.flac_frames(pcm, 0, wrong_to, wrong_sizes)
