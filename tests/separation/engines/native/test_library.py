"""Our network's library: built for this machine, and missed politely where it cannot be."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from separation.engines.native import library
from separation.engines.native.library import NotBuilt


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An environment without a library, and a copy of the sources to build it from."""
    sources = tmp_path / "sources"
    sources.mkdir()
    for source in library._SOURCES.glob("*.[ch]"):
        shutil.copy(source, sources)
    monkeypatch.setattr(library, "_SOURCES", sources)
    monkeypatch.setattr("sys.prefix", str(tmp_path / "environment"))
    library.identity.cache_clear()
    yield sources
    library.identity.cache_clear()


def test_it_is_built_once_for_each_state_of_the_sources(elsewhere: Path) -> None:
    assert not library.is_built()
    first = library.build()
    assert library.is_built()
    assert library.build() == first
    with (elsewhere / "vector.h").open("a") as source:
        source.write("/* another */\n")
    library.identity.cache_clear()
    assert not library.is_built()
    assert library.build() != first
    assert not first.exists()


def test_what_the_compiler_says_is_passed_on(elsewhere: Path) -> None:
    (elsewhere / "unet.c").write_text("nonsense\n")
    library.identity.cache_clear()
    with pytest.raises(NotBuilt, match="nonsense"):
        library.build()
    assert not library.is_built()


@pytest.mark.usefixtures("elsewhere")
def test_without_a_compiler_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "find_spec", lambda _name: None)
    with pytest.raises(NotBuilt, match="ziglang"):
        library.build()


@pytest.mark.usefixtures("elsewhere")
def test_the_check_tells_how_to_build_it(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check", "--tag", "separation")
    assert "python -m separation.engines.native" in capsys.readouterr().err


@pytest.mark.usefixtures("elsewhere")
def test_who_asks_for_it_must_have_it(settings: Any) -> None:
    settings.SEPARATOR_ENGINE = "native"
    with pytest.raises(SystemCheckError, match="not built"):
        call_command("check", "--tag", "separation")
    settings.SEPARATOR_ENGINE = "openvino"
    call_command("check", "--tag", "separation")
