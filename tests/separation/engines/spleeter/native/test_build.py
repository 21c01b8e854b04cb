"""The native library: compiled when missing, found again, and identified by what changes its machine code."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from operations import bootstrap
from separation.engines.spleeter import engine_choice
from separation.engines.spleeter.native import build
from separation.engines.spleeter.native.build import NotBuilt

SOURCES = build._SOURCES
V3_FLAGS = "fpu sse2 cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2 abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"
AVX512_FLAGS = "avx512bw avx512cd avx512dq avx512f avx512vl"


def forget() -> None:
    build.target.cache_clear()
    build.identity.cache_clear()


@pytest.fixture(autouse=True)
def compiler_cache(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    """The compiler's own cache, kept between runs: what it needs for itself takes it five seconds."""
    folder = str(pytestconfig.cache.mkdir("zig"))
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", folder)
    monkeypatch.setenv("ZIG_LOCAL_CACHE_DIR", folder)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An environment without a library, and a small program to build one from."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "unet.c").write_text('#include "vector.h"\nint lanes(void) { return LANES; }\n')
    (folder / "vector.h").write_text("#define LANES 8\n")
    monkeypatch.setattr(build, "_SOURCES", folder)
    monkeypatch.setattr(build, "PREBUILT", tmp_path / "prebuilt")
    monkeypatch.setattr("sys.prefix", str(tmp_path / "environment"))
    monkeypatch.setenv("STEMOTECA_DATA", str(tmp_path / "data"))
    forget()
    yield folder
    forget()


@pytest.fixture
def processor(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the kernel tells about a processor, for tests to write."""
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr(build, "_CPUINFO", cpuinfo)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    return cpuinfo


def identity(cpuinfo: Path, flags: str) -> str:
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: {flags}\n")
    forget()
    return build.identity()


def test_build_compiles_once_for_each_state_of_the_sources(sources: Path) -> None:
    assert not build.is_built()
    first = build.build()
    assert build.is_built()
    assert build.build() == build.find() == first
    (sources / "vector.h").write_text("#define LANES 16\n")
    forget()
    assert not build.is_built()
    assert build.build() != first
    assert first.exists(), "another release, or another processor, may still use it"


def test_build_removes_the_oldest_libraries(sources: Path, tmp_path: Path) -> None:
    folder = tmp_path / "environment/lib/stemoteca"
    folder.mkdir(parents=True)
    for age in range(12):
        old = folder / f"native-{age:016}.so"
        old.touch()
        os.utime(old, (1_000_000 - age, 1_000_000 - age))
    kept = {build.build().name, *(f"native-{age:016}.so" for age in range(7))}
    assert {path.name for path in folder.iterdir()} == kept


def test_read_only_environment_builds_into_the_data_folder(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("sys.prefix", str(tmp_path / "file"))
    assert build.build().parent == tmp_path / "data/native"
    assert build.is_built()


def test_no_place_to_build_is_reported(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("sys.prefix", str(tmp_path / "file"))
    monkeypatch.setenv("STEMOTECA_DATA", str(tmp_path / "file"))
    with pytest.raises(NotBuilt, match="Not a directory"):
        build.build()


def test_compiler_errors_are_passed_on(sources: Path) -> None:
    (sources / "unet.c").write_text("nonsense\n")
    forget()
    with pytest.raises(NotBuilt, match="nonsense"):
        build.build()
    assert not build.is_built()


def test_missing_compiler_is_reported(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "find_spec", lambda _name: None)
    with pytest.raises(NotBuilt, match="ziglang"):
        build.build()


def test_prebuilt_library_of_this_processor_is_preferred_and_named(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_choice, "_may_see_gpu", lambda: False)
    build.build()
    (tmp_path / "prebuilt").mkdir()
    (tmp_path / "prebuilt/native-0123456789abcdef.so").touch()  # of another processor
    assert build.find() == tmp_path / f"environment/lib/stemoteca/native-{build.identity()}.so"
    prebuilt = tmp_path / f"prebuilt/native-{build.identity()}.so"
    prebuilt.touch()
    assert build.find() == build.build() == prebuilt
    assert engine_choice.describe("auto") == f"the native engine ({build.target()}, prebuilt: {prebuilt})"


def test_prebuild_makes_the_library_that_each_processor_looks_for(
    processor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "DISTRIBUTED", (("x86_64", "x86_64_v3"), ("aarch64", "baseline")))
    monkeypatch.setattr("platform.system", lambda: "Linux")
    (tmp_path / "prebuilt").mkdir()
    (tmp_path / "prebuilt/native-of-an-older-release.so").touch()
    for_x86, for_arm = build.prebuild(build.PREBUILT)
    assert {*build.PREBUILT.iterdir()} == {for_x86, for_arm}
    assert for_x86.read_bytes()[18] == 62, "EM_X86_64 of the ELF header"
    assert for_arm.read_bytes()[18] == 183, "EM_AARCH64"
    identity(processor, V3_FLAGS)
    assert build.find() == for_x86
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    processor.write_text("processor\t: 0\nFeatures\t: fp asimd\n")
    forget()
    assert build.find() == for_arm


def test_flags_that_change_no_machine_code_keep_the_library(processor: Path) -> None:
    """What a kernel or microcode update shows or hides."""
    before = identity(processor, V3_FLAGS + " rtm hle")
    assert build.target() == "x86_64_v3"
    assert identity(processor, f"{V3_FLAGS} vaes user_shstk invented_tomorrow") == before


def test_each_instruction_set_level_has_a_library_of_its_own(processor: Path) -> None:
    levels = {}
    for flags in (V3_FLAGS + " " + AVX512_FLAGS, V3_FLAGS, V3_FLAGS.replace("avx2 ", ""), "fpu sse2"):
        name = identity(processor, flags)
        levels[build.target()] = name
    assert list(levels) == ["x86_64_v4", "x86_64_v3", "x86_64_v2", "baseline"]
    assert len(set(levels.values())) == 4


def test_unknown_processor_is_the_baseline(processor: Path) -> None:
    forget()
    assert build.target() == "baseline"


def test_our_sources_compile_without_warnings(tmp_path: Path) -> None:
    library = tmp_path / "native.so"
    build.compile_to(library, tmp_path, *build.WARNINGS)
    assert library.read_bytes().startswith((b"\x7fELF", b"\xcf\xfa\xed\xfe"))


@pytest.mark.usefixtures("sources")
def test_check_says_how_to_build_it(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check", "--tag", "separation")
    assert "python -m separation.engines.spleeter.native" in capsys.readouterr().err


@pytest.mark.usefixtures("sources")
def test_check_fails_if_the_native_engine_was_asked_for(settings: Any) -> None:
    settings.SEPARATOR_ENGINE = "native"
    with pytest.raises(SystemCheckError, match="not built"):
        call_command("check", "--tag", "separation")
    settings.SEPARATOR_ENGINE = "openvino"
    call_command("check", "--tag", "separation")


def test_start_compiles_a_missing_library_and_logs_the_engine(
    sources: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_choice, "_may_see_gpu", lambda: False)
    caplog.set_level("INFO")
    bootstrap.compile_engine()
    bootstrap.log_engine()
    library = build.find()
    assert library
    assert "compiling the native engine" in caplog.text
    assert f"separating with the native engine ({build.target()}, compiled here: {library})" in caplog.text
    caplog.clear()
    bootstrap.compile_engine()
    assert not caplog.text


def test_start_goes_on_without_a_compiler_and_says_so(
    sources: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_choice, "_may_see_gpu", lambda: False)
    monkeypatch.setattr(build, "find_spec", lambda _name: None)
    caplog.set_level("INFO")
    bootstrap.compile_engine()
    bootstrap.log_engine()
    assert "separated by OpenVINO, which takes longer" in caplog.text
    assert "separating with openvino: the native engine is not built" in caplog.text


def test_start_compiles_nothing_for_another_engine(
    sources: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SEPARATOR_ENGINE = "openvino"
    caplog.set_level("INFO")
    bootstrap.compile_engine()
    bootstrap.log_engine()
    assert not build.is_built()
    assert "separating with openvino" in caplog.text
