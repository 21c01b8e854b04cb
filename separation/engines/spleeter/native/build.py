"""Compile the native library, and find the one for the processor at hand.

A wheel or an image brings libraries for all processors that it is made for (`prebuild`); elsewhere one is compiled
on the machine that runs it (`build`). The compiler is Clang from the package ``ziglang``, so that no machine needs
one of its own. The library is compiled for an instruction set level, not for the exact processor: the levels are
what the code is written for (``src/vector.h``), and a kernel or microcode update that adds or hides other CPU flags
changes neither the machine code nor its name.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_SOURCES = Path(__file__).with_name("src")
_ROOT = Path(__file__).resolve().parents[4]
_OPTIONS = (
    "-std=c17",
    "-O3",
    "-mprefer-vector-width=512",  # Clang avoids 512-bit vectors on some processors that have them
    "-shared",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-math-errno",
    "-fno-sanitize=undefined",  # Zig's default adds checks at run time
)
WARNINGS = ("-Wall", "-Wextra", "-Werror")
"""For tests only: a warning of another compiler release must not stop an installation."""
PREBUILT = Path(__file__).with_name("prebuilt")
"""Libraries that came with the program."""
_KEPT_LIBRARIES = 8
"""So many of the newest stay: other processors and other releases may share the folder."""

# Names as the compiler and as /proc/cpuinfo spell them, from https://gitlab.com/x86-psABIs/x86-64-ABI.
_V2 = {"cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"}
_V3 = _V2 | {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"}
_V4 = _V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}
_LEVELS = {"x86_64_v4": _V4, "x86_64_v3": _V3, "x86_64_v2": _V2}
_BASELINE = "baseline"
DISTRIBUTED = (*(("x86_64", level) for level in _LEVELS), ("aarch64", _BASELINE))
"""Machines, and their instruction set levels, that `prebuild` compiles for. OpenVINO runs on no older ones."""
_OLDEST_LIBC = "linux-gnu.2.28"
_CPUINFO = Path("/proc/cpuinfo")

FALLBACK = "Songs are separated by OpenVINO, which takes longer, because the native engine is not built"


class NotBuilt(Exception):  # noqa: N818 (a state, not a mistake)
    """There is no native library for this machine; the message says why."""


def find() -> Path | None:
    """Return the library for this machine, None if it is not built."""
    folders = (PREBUILT, *_folders())
    return next((path for folder in folders if (path := folder / _file_name()).is_file()), None)


def is_built() -> bool:
    """Return whether there is a library for this machine."""
    return find() is not None


def build() -> Path:
    """Compile the library unless it is there; return its path.

    Goes into the environment (``sys.prefix``), or into the data folder if that is read-only. Raises
    `NotBuilt` with the reason, for example the compiler's errors.
    """
    if (found := find()) is not None:
        return found
    if find_spec("ziglang") is None:
        raise NotBuilt("the package ziglang is not installed")
    reasons = []
    for folder in _folders():
        try:
            return _build_in(folder)
        except OSError as error:  # read-only, full, or mounted so that no library can be loaded from it
            reasons.append(f"{folder}: {error}")
    raise NotBuilt("; ".join(reasons))


def _build_in(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as scratch:
        library = Path(scratch) / _file_name()
        compile_to(library, Path(scratch))
        ctypes.CDLL(str(library))
        library.replace(folder / library.name)
    newest_first = sorted(folder.glob("native-*.so"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in newest_first[_KEPT_LIBRARIES:]:
        old.unlink(missing_ok=True)
    return folder / library.name


def prebuild(folder: Path = PREBUILT) -> list[Path]:
    """Compile for all of `DISTRIBUTED`, for Linux, whatever this machine is; replace what is in `folder`.

    Raises `NotBuilt`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    libraries = [folder / _file_name(identity(level, machine, "Linux")) for machine, level in DISTRIBUTED]
    with tempfile.TemporaryDirectory() as scratch:
        for library, (machine, level) in zip(libraries, DISTRIBUTED, strict=True):
            compile_to(library, Path(scratch), "-s", "-target", f"{machine}-{_OLDEST_LIBC}", level=level)
    for left in {*folder.iterdir()} - {*libraries}:  # import libraries that the linker adds
        left.unlink()
    return libraries


def compile_to(library: Path, scratch: Path, *options: str, level: str = "") -> None:
    """Compile the library for `level`, by default this processor's, see `compile_with`."""
    compile_with((f"-mcpu={level or target()}", *_OPTIONS, *options), library, scratch)


def compile_with(options: Sequence[str], output: Path, scratch: Path) -> None:
    """Run the compiler; its caches are in `scratch` unless the environment names others. Raises `NotBuilt`."""
    programs = [str(path) for path in sources() if path.suffix == ".c"]
    command = [sys.executable, "-m", "ziglang", "cc", *options, "-o", str(output), *programs]
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(scratch), "ZIG_LOCAL_CACHE_DIR": str(scratch)}
    done = subprocess.run(
        command,
        env=caches | os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotBuilt(f"the compiler failed: {done.stderr.strip()[-2000:]}")


@cache
def target() -> str:
    """Return the highest instruction set level of this processor, by Clang's name."""
    flags = _cpu_flags()
    return next((level for level, needed in _LEVELS.items() if needed <= flags), _BASELINE)


@cache
def identity(level: str = "", machine: str = "", system: str = "") -> str:
    """Return a hash of what machine code and packed weights depend on: sources, options, level.

    By default of this processor.
    """
    about = (system or platform.system(), machine or platform.machine(), level or target())
    digest = hashlib.sha256(repr((_OPTIONS, *about)).encode())
    for source in sources():
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def sources() -> list[Path]:
    """Return all source files."""
    return sorted(_SOURCES.glob("*.[ch]"))


def data_folder() -> Path:
    """Return the installation's data folder, as `config.env` does."""
    return Path(os.environ.get("STEMOTECA_DATA") or _ROOT / "var").expanduser().absolute()


def _folders() -> tuple[Path, Path]:
    """Return where a library may be built, the better place first."""
    return Path(sys.prefix) / "lib" / "stemoteca", data_folder() / "native"


def _file_name(of: str = "") -> str:
    return f"native-{of or identity()}.so"


def _cpu_flags() -> set[str]:
    try:
        lines = _CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return set()
    return next((set(line.split()[2:]) for line in lines if line.startswith("flags")), set())
