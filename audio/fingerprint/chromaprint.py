"""Acoustic fingerprints by the Chromaprint library, where it is installed.

It is used through ctypes, and in the sandbox's processes only: its system package brings a second FFmpeg along,
which no other needs to hold.

It hears the first three minutes, beginning with the very first sample. That is nearly all of most songs: with half a
minute of silence before one of the encodings there are two and a half minutes left to compare, where the usual two
minutes would leave one and a half. More would tell no more about which recording this is, and two hours shall cost
what three minutes cost. Mono at the rate of everything here, since Chromaprint mixes down and resamples anyway.
"""

import ctypes
import os
import subprocess
import sys
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio.formats import STEREO_RATE

SECONDS: Final = 180.0
ITEM_SECONDS: Final = 1365 / 11_025
"""From one number of a fingerprint to the next."""
MOST_VALUES: Final = int(SECONDS / ITEM_SECONDS) + 1

NAMES: Final = (
    "libchromaprint.so.1",
    "libchromaprint.so",
    "libchromaprint.so.0",
    "libchromaprint.1.dylib",
    "libchromaprint.dylib",
    "/opt/homebrew/lib/libchromaprint.dylib",
    "/usr/local/lib/libchromaprint.dylib",
)
_ALGORITHM = 1  # the one that its own programs use since 2011
_SCALE = np.float32(32_767)
_TELL_VERSION = """
import ctypes, sys
for name in sys.argv[1:]:
    try:
        told = ctypes.CDLL(name).chromaprint_get_version
    except (OSError, AttributeError):
        continue
    told.restype = ctypes.c_char_p
    print(told().decode())
    break
"""


def load(names: tuple[str, ...] = NAMES) -> ctypes.CDLL | None:
    """Load the library under the first of its names that is found, or return ``None``."""
    for name in names:
        try:
            library = ctypes.CDLL(name)
            library.chromaprint_new.restype = ctypes.c_void_p
            library.chromaprint_start.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
            library.chromaprint_feed.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
            library.chromaprint_finish.argtypes = [ctypes.c_void_p]
            library.chromaprint_get_raw_fingerprint.argtypes = [ctypes.c_void_p] * 3
            library.chromaprint_dealloc.argtypes = [ctypes.c_void_p]
            library.chromaprint_free.argtypes = [ctypes.c_void_p]
        except (OSError, AttributeError):  # not there, or something else under this name
            continue
        return library
    return None


@cache
def version() -> str:
    """Return the version of the library as found by a new process, or an empty string. Cached."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    try:
        found = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _TELL_VERSION, *NAMES],
            env=kept,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.decode(errors="replace").strip()[:40]


class Fingerprinter:
    """Compute a fingerprint from a stream of samples."""

    def __init__(self, library: ctypes.CDLL, rate: int = STEREO_RATE) -> None:
        self._library = library
        self._left = round(SECONDS * rate)
        self._context = library.chromaprint_new(_ALGORITHM)
        if not self._context or not library.chromaprint_start(self._context, rate, 1):
            raise MemoryError

    @property
    def full(self) -> bool:
        """Whether more samples would change nothing."""
        return self._left == 0

    def push(self, stereo: NDArray[np.float32]) -> None:
        """Add ``[2, n]`` within -1..1."""
        part = stereo[:, : self._left]
        count = part.shape[1]
        if count:
            self._left -= count
            mono = (part[0] + part[1]) * (_SCALE / 2)
            samples = np.clip(mono, -_SCALE, _SCALE).astype(np.int16)
            self._library.chromaprint_feed(self._context, samples.ctypes.data, count)

    def finish(self) -> bytes:
        """Return the fingerprint as little-endian uint32; empty for less than about three seconds of audio."""
        library, raw, count = self._library, ctypes.c_void_p(), ctypes.c_int()
        library.chromaprint_finish(self._context)
        given = library.chromaprint_get_raw_fingerprint(self._context, ctypes.byref(raw), ctypes.byref(count))
        values = np.empty(0, "<u4")
        if given and raw.value and count.value > 0:
            values = np.array((ctypes.c_uint32 * count.value).from_address(raw.value), "<u4")
            library.chromaprint_dealloc(raw)
        library.chromaprint_free(self._context)
        return values[:MOST_VALUES].tobytes()
