"""Our C library: compiled for this processor by ``python -m separation.engines.native``, and loaded.

The compiler is Clang as the package ``ziglang`` brings it, so that no machine needs one of its own. What it makes lies
in the environment, under a name that says from what and for which processor: after an update, or on another machine,
it counts as not built until it is built again.
"""

import ctypes
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from ctypes import POINTER, Structure, c_int, c_size_t, c_uint32, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_SOURCES = Path(__file__).parent
_OPTIONS = (
    "-std=c17",
    "-O3",
    "-mcpu=native",
    "-mprefer-vector-width=512",  # where there are such vectors, they are what the code is written for
    "-shared",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-math-errno",
    "-fno-sanitize=undefined",  # Zig's own default would look for undefined behaviour at run time
    "-Wall",
    "-Wextra",
    "-Werror",
)

INSTEAD = "Songs are separated by OpenVINO, which takes longer, because our own network is not built"


class NotBuilt(Exception):  # noqa: N818 (a state, not a mistake)
    """There is no library for this processor; the message says why."""


class Model(Structure):
    """``model`` of unet.c."""

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


class Tapers(Structure):
    """``tapers`` of spectral.h."""

    _fields_ = [(name, c_void_p) for name in ("before", "after", "covered")]


class Variables(Structure):
    """``variables`` of unet.c."""

    _fields_ = [(name, c_void_p) for name in ("kernel", "bias", "gamma", "beta", "mean", "variance")]


def is_built() -> bool:
    """Whether `load` will find a library."""
    return _path().is_file()


@cache
def load() -> ctypes.CDLL:
    """The library, with its functions' types. Raises `NotBuilt`. Its functions let other threads run."""
    try:
        library = ctypes.CDLL(str(_path()))
    except OSError as error:
        raise NotBuilt(str(error)) from error
    model, floats, floats_each = POINTER(Model), c_void_p, POINTER(c_void_p)
    for name, result, arguments in (
        ("packed_floats", c_size_t, [model]),
        ("pack", None, [model, POINTER(Variables), floats]),
        ("workspace_floats", c_size_t, [model]),
        ("separate", None, [model, floats_each, POINTER(Tapers), floats, floats_each, floats, floats]),
        ("flac_bytes", c_size_t, [c_size_t]),
        ("flac_frames", c_size_t, [c_void_p, c_size_t, c_uint32, c_void_p, c_void_p]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def build() -> Path:
    """Compile the library if it is not there. Raises `NotBuilt`, with what the compiler says."""
    target = _path()
    if target.is_file():
        return target
    if find_spec("ziglang") is None:
        raise NotBuilt("the package ziglang is not installed")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / target.name
        command = [
            sys.executable,
            "-m",
            "ziglang",
            "cc",
            *_OPTIONS,
            "-o",
            str(made),
            *map(str, sorted(_SOURCES.glob("*.c"))),
        ]
        scratch = {"ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
        done = subprocess.run(command, env=os.environ | scratch, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotBuilt(f"the compiler failed: {done.stderr.strip()[-2000:]}")
        for other in target.parent.glob(f"*{target.suffix}"):
            other.unlink()
        made.replace(target)
    return target


def _path() -> Path:
    return Path(sys.prefix) / "lib" / "stemoteca" / f"native-{identity()}.so"


@cache
def identity() -> str:
    """Of the sources, the compiler's options, and this processor; hence of what packed weights look like, too."""
    digest = hashlib.sha256(repr((_OPTIONS, platform.machine(), _processor())).encode())
    for source in sorted(_SOURCES.glob("*.[ch]")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _processor() -> str:
    """What instructions the processor knows, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
