"""Commands at the end of a pipe that is closed, and in front of a terminal with few letters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from separation.management.piped import PIPE_CLOSED
from tests.songs import write_song

ROOT = Path(__file__).parents[3]


def manage(folder: Path, *arguments: object, **environment: str) -> "subprocess.Popen[bytes]":
    """The command in a process and an installation of its own."""
    known = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("STEMOTECA_", "LC_", "PYTHON"))
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", *map(str, arguments)],
        cwd=ROOT,
        env={**known, "STEMOTECA_DATA": str(folder / "data"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for number in range(100):
        (folder / f"Canción 青 {number}.mp3").write_bytes(b"no music at all" * 100)
    return folder


def test_import_ends_quietly_when_the_pipe_closes(music: Path, tmp_path: Path) -> None:
    with manage(tmp_path, "import_library", music, "--jobs", 2) as process:
        assert process.stdout
        assert process.stderr
        assert b"Canci" in process.stdout.readline()
        process.stdout.close()
        assert (process.wait(120), process.stderr.read()) == (PIPE_CLOSED, b"")


def test_names_beyond_the_terminals_encoding_are_escaped(music: Path, tmp_path: Path) -> None:
    few = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    out, said = manage(tmp_path, "import_library", music, **few).communicate(timeout=120)
    assert (said, out.count(b".mp3: "), b"100 refused" in out) == (b"", 100, True)
    assert out.isascii()


def test_separate_ends_quietly_when_the_pipe_closes(tmp_path: Path) -> None:
    songs = [write_song(tmp_path / f"青 {seed}.wav", 0.5, seed=seed) for seed in (1, 2)]
    with manage(tmp_path, "separate", *songs, "-o", tmp_path / "out") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(120), b"Traceback" in said, b"Broken" in said) == (PIPE_CLOSED, False, False)
    assert list((tmp_path / "out").iterdir())
