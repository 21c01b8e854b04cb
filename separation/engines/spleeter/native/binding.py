"""The native library's functions, with the types and shapes of their arguments checked.

ctypes passes any address on; here an array of another dtype, number of dimensions or memory layout raises
``ctypes.ArgumentError``, one of another shape or a model that the library does not support ``ValueError``.
"""

import ctypes
from ctypes import POINTER, Structure, byref, c_int, c_size_t, c_uint32, c_void_p
from functools import cache

import numpy as np
import numpy.typing as npt

from separation.engines.spleeter.native import build
from separation.engines.spleeter.native.build import NotBuilt
from separation.engines.spleeter.stft_params import HOP, OVERLAP

Floats = npt.NDArray[np.float32]

LAYERS = 13
"""Of a network: six encoder layers, six decoder layers, the mask layer."""


class Model(Structure):
    """``model`` of model.h."""

    _fields_ = [
        ("frames", c_int),
        ("bins", c_int),
        ("widths", c_int * 6),
        ("encoder", c_int),
        ("decoder", c_int),
        ("softmax", c_int),
        ("exponent", c_int),
        ("networks", c_int),
        ("stems", c_int),
        ("average", c_int),
    ]


class StftWindows(Structure):
    """``stft_windows`` of stft.h."""

    _fields_ = [(name, c_void_p) for name in ("analysis", "synthesis", "sum")]


class Variables(Structure):
    """``variables`` of unet.c."""

    _fields_ = [(name, c_void_p) for name in ("kernel", "bias", "gamma", "beta", "mean", "variance")]


def packed_floats(model: Model) -> int:
    """Return how many float32 one packed network takes."""
    return _supported(load().packed_floats(byref(model)))


def workspace_floats(model: Model) -> int:
    """Return how many float32 `separate` needs as a workspace."""
    return _supported(load().workspace_floats(byref(model)))


def pack(model: Model, layers: "ctypes.Array[Variables]", packed: Floats) -> None:
    """Pack the `LAYERS` layers of one network into `packed`, zeros of shape [packed_floats]."""
    if len(layers) != LAYERS:
        raise ValueError(f"{LAYERS} layers are needed, not {len(layers)}")
    _check_shape("packed", packed, (packed_floats(model),))
    load().pack(byref(model), layers, packed)


def separate(
    model: Model,
    *,
    windows: StftWindows,
    packed: Floats,
    workspace: Floats,
    chunk: Floats,
    stems: Floats,
) -> None:
    """Separate `chunk` [2, samples] into `stems` [stems, 2, samples], where samples = frames * HOP + OVERLAP.

    `packed` is [networks, packed_floats]; `workspace` [workspace_floats], zeros before the first call. The arrays
    are this call's alone. Other threads run meanwhile.
    """
    samples = model.frames * HOP + OVERLAP
    _check_shape("packed", packed, (model.networks, packed_floats(model)))
    _check_shape("workspace", workspace, (workspace_floats(model),))
    _check_shape("chunk", chunk, (2, samples))
    _check_shape("stems", stems, (model.stems, 2, samples))
    load().separate(byref(model), byref(windows), packed, workspace, chunk, stems)


def flac_bytes(samples: int) -> int:
    """Return an upper bound for the FLAC frames of so many stereo samples, in bytes."""
    return int(load().flac_bytes(samples))


def flac_frames(
    pcm: npt.NDArray[np.int16], number: int, to: npt.NDArray[np.uint8], sizes: npt.NDArray[np.uint32]
) -> int:
    """Encode `pcm` [n, 2] into `to` as frames numbered from `number`; write their sizes, return the sum of them.

    `to` must have `flac_bytes` of n, `sizes` one place for each 4096 samples begun.
    """
    _check_shape("pcm", pcm, (len(pcm), 2))
    size = int(load().flac_frames(pcm, len(pcm), number, to, len(to), sizes, len(sizes)))
    if len(pcm) and not size:
        raise ValueError("the buffers for FLAC frames are too small")
    return size


@cache
def load() -> ctypes.CDLL:
    """Load the library and declare its functions. Raises `NotBuilt`."""
    path = build.find()
    if path is None:
        raise NotBuilt("the native library is not built")
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise NotBuilt(str(error)) from error
    model, variables, windows = POINTER(Model), POINTER(Variables), POINTER(StftWindows)
    read = {n: np.ctypeslib.ndpointer(np.float32, n, flags="C") for n in (1, 2)}
    write = {n: np.ctypeslib.ndpointer(np.float32, n, flags=["C", "W"]) for n in (1, 3)}
    pcm, frames = (
        np.ctypeslib.ndpointer(np.int16, 2, flags="C"),
        np.ctypeslib.ndpointer(np.uint8, 1, flags=["C", "W"]),
    )
    sizes = np.ctypeslib.ndpointer(np.uint32, 1, flags=["C", "W"])
    for name, result, arguments in (
        ("packed_floats", c_size_t, [model]),
        ("workspace_floats", c_size_t, [model]),
        ("pack", _supported_status, [model, variables, write[1]]),
        ("separate", _supported_status, [model, windows, read[2], write[1], read[2], write[3]]),
        ("flac_bytes", c_size_t, [c_size_t]),
        ("flac_frames", c_size_t, [pcm, c_size_t, c_uint32, frames, c_size_t, sizes, c_size_t]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _supported(floats: int) -> int:
    if not floats:
        raise ValueError("the native library does not support this model")
    return floats


def _supported_status(status: int) -> None:
    if status:
        raise ValueError("the native library does not support this model")


def _check_shape(name: str, array: npt.NDArray[np.generic], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} is {array.shape}, not {shape}")
