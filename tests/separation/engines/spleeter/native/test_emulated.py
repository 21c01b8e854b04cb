"""The library for aarch64, run by an emulated processor, computes what the one for this machine does."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from separation.engines.spleeter.native import build

LIBC = Path("/usr/aarch64-linux-gnu")
STEMS, CHANNELS, SAMPLES = 2, 2, 67 * 1024
pytestmark = pytest.mark.skipif(
    not shutil.which("qemu-aarch64") or not LIBC.is_dir() or platform.machine() != "x86_64",
    reason="needs an x86-64 machine with Debian's qemu-user and libc6-arm64-cross",
)


@pytest.fixture(autouse=True)
def compiler_cache(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    folder = str(pytestconfig.cache.mkdir("zig"))
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", folder)
    monkeypatch.setenv("ZIG_LOCAL_CACHE_DIR", folder)


def output_of(
    folder: Path, machine: str, level: str, *emulator: str
) -> tuple["np.ndarray[tuple[int, ...], np.dtype[np.float32]]", bytes]:
    """Build the library as a wheel has it, run it by a small program, and return its stems and its FLAC frames."""
    folder.mkdir()
    target = ("-target", f"{machine}-{build._OLDEST_LIBC}")
    library, program = folder / "native.so", folder / "run_library"
    build.compile_to(library, folder, *target, level=level)
    source = Path(__file__).with_name("run_library.c")
    compiler = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        *target,
        "-O1",
        "-o",
        str(program),
        str(source),
        "-lm",
        "-ldl",
    ]
    subprocess.run(compiler, check=True)
    done = subprocess.run(
        [*emulator, str(program), str(library)], capture_output=True, check=True, timeout=300
    )
    size = 4 * STEMS * CHANNELS * SAMPLES
    stems = np.frombuffer(done.stdout[:size], dtype=np.float32).reshape(STEMS, CHANNELS, SAMPLES)
    return stems, done.stdout[size:]


def test_aarch64_library_separates_and_encodes_like_that_of_x86(tmp_path: Path) -> None:
    stems, flac = output_of(tmp_path / "x86", "x86_64", "x86_64_v3")
    emulated, emulated_flac = output_of(
        tmp_path / "arm", "aarch64", "baseline", "qemu-aarch64", "-L", str(LIBC)
    )
    assert np.abs(stems).max() > 0.1, "else this test proves nothing"
    assert np.abs(stems[0] - stems[1]).max() > 0.01
    np.testing.assert_allclose(emulated, stems, rtol=0, atol=2e-5 * np.abs(stems).max())
    assert len(flac) > 1000
    assert emulated_flac == flac
