"""The examples of docs/api.md, run as they stand there: one after the other, by a shell."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import soundfile

from tests.e2e.server import ROOT, Person, Server
from tests.songs import song

pytestmark = [
    pytest.mark.xdist_group("server"),
    pytest.mark.skipif(not shutil.which("jq") or not shutil.which("curl"), reason="needs curl and jq"),
]
GUIDE = (ROOT / "docs/api.md").read_text()


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_guide_shows_no_program_that_is_not_run() -> None:
    languages = {language for language in re.findall(r"^```(.*)$", GUIDE, re.MULTILINE) if language}
    assert languages == {"sh", "python", "http"}
    assert GUIDE.count("\n```\n") == sum(len(examples(language)) for language in languages)


def test_examples_do_what_the_guide_says(server: Server, tmp_path: Path) -> None:
    person = Person(server)
    soundfile.write(tmp_path / "song.mp3", song(6.0, seed=4711), 44_100, format="MP3")
    script = "\n".join(["set -euo pipefail", *examples("sh"), 'echo "$TOKEN" >token'])
    for written, meant in (
        ("http://127.0.0.1:8000", server.url),
        ("you@example.org", person.email),
        ("your password", person.password),
    ):
        assert written in script
        script = script.replace(written, meant)
    ran = subprocess.run(
        ["bash"], input=script, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for archive in tmp_path.glob("*.zip"):
        with zipfile.ZipFile(archive) as opened:
            assert len(opened.namelist()) == 2
    assert len(list(tmp_path.glob("*.zip"))) == 2
    [mix] = [file for file in tmp_path.glob("*.mp3") if file.name != "song.mp3"]
    assert soundfile.info(mix).duration == pytest.approx(6.0 / 0.8, abs=0.1)


def test_python_example_claims_a_known_file_without_sending_it(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    soundfile.write(path, song(3.0, seed=4712), 44_100, format="MP3")
    assert Person(server).upload(path, model="none").status_code == 201
    [example] = examples("python")
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102  # what people are told to run
    bring = names["bring"]
    assert callable(bring)
    token = Person(server).headers["Authorization"].removeprefix("Bearer ")
    answer = bring(str(path), server.url, token)
    assert answer.status_code == 200, answer.text
    assert answer.json()["track"]["id"]
