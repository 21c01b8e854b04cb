import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command
from mutagen.flac import FLAC

from accounts.models import User
from audio.encoding.encode import encode
from audio.types import Tags
from catalog.models import Track, Upload
from catalog.storage.data_folder_lock import DataFolderLock
from separation.models import Separation, Status
from separation.queue.separator_holder import holder
from tests.songs import RATE, loud, song, write_song

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("separator")]

Command = Callable[..., tuple[int, list[Path], str]]


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    yield
    holder.close()


@pytest.fixture
def separate(capsys: pytest.CaptureFixture[str], tmp_path: Path, settings: Any) -> Command:
    """Run the command: its exit status, the paths it printed, and what it said on the error stream."""
    settings.DISK_FLOOR_BYTES = 0

    def run(*arguments: object) -> tuple[int, list[Path], str]:
        status = 0
        try:
            call_command("separate", *map(str, arguments), "--output", str(tmp_path / "out"))
        except SystemExit as end:
            status = int(end.code or 0)
        except CommandError as error:
            status = error.returncode
            sys.stderr.write(str(error))
        said = capsys.readouterr()
        return status, [Path(line) for line in said.out.splitlines()], said.err

    return run


def test_stems_are_named_and_tagged_files(separate: Command, tmp_path: Path) -> None:
    path = tmp_path / "anything.flac"
    tags = Tags(title="Barquito: de papel", artist="Ana Torres", album="Orilla", year=1998)
    encode([song(3.0).T], path, "flac", None, tags, None)
    status, written, said = separate(path)
    assert status == 0
    assert [file.name for file in written] == [
        "Ana Torres - Barquito_ de papel (vocals).flac",
        "Ana Torres - Barquito_ de papel (accompaniment).flac",
    ]
    assert "anything.flac: 100 %" in said
    mixture = soundfile.read(path)[0]
    stems = [soundfile.read(file)[0] for file in written]
    assert [stem.shape for stem in stems] == [mixture.shape] * 2
    gain = Separation.objects.get().gain
    assert np.max(np.abs(sum(stems) / gain - mixture)) < 0.1
    read = FLAC(written[0])
    assert (read["artist"], read["album"], read["title"]) == (
        ["Ana Torres"],
        ["Orilla"],
        ["Barquito: de papel (vocals)"],
    )


def test_loud_song_gets_one_gain_and_a_message(separate: Command, tmp_path: Path) -> None:
    path, quiet = tmp_path / "loud.wav", write_song(tmp_path / "quiet.wav", 1.0)
    mixture = loud(song(3.0))
    soundfile.write(path, mixture, RATE, subtype="FLOAT")
    status, written, said = separate(path, "-p", "compact:2stems", "--codec", "wav")
    gain = Separation.objects.get().gain
    assert status == 0
    assert gain < 1
    assert f"loud.wav: all stems are {-20 * np.log10(gain):.1f} dB quieter" in said
    stems = [soundfile.read(file)[0] for file in written]
    assert np.max(np.abs(stems)) < 1
    assert np.max(np.abs(sum(stems) / gain - mixture)) < 0.001
    assert "quieter" not in separate(quiet)[2]


def test_known_file_is_not_decoded(separate: Command, tmp_path: Path) -> None:
    assert separate(write_song(tmp_path / "song.flac", 1.0))[0] == 0
    upload = Upload.objects.get()
    path = tmp_path / "known.mp3"
    path.write_bytes(b"nobody can decode this" * 100)
    Upload.objects.filter(pk=upload.pk).update(checksum=hashlib.sha256(path.read_bytes()).hexdigest())
    for _time in range(2):
        status, written, said = separate(path)
        assert (status, len(written)) == (0, 2)
        assert "known.mp3: in the library already" in said
    assert Upload.objects.count() == 1, "a claim is noted once"


def test_known_song_is_not_separated_again(separate: Command, tmp_path: Path) -> None:
    path = write_song(tmp_path / "song.flac", 2.0)
    assert separate(path)[0] == 0
    row = Separation.objects.values().get()
    status, written, _said = separate(path, "--stems", "vocals", "--codec", "mp3", "--bitrate", "192k")
    assert (status, [file.suffix for file in written]) == (0, [".mp3"])
    assert Separation.objects.values().get() == row


def test_bad_file_does_not_stop_the_others(separate: Command, tmp_path: Path) -> None:
    good = write_song(tmp_path / "good.wav", 2.0)
    bad = tmp_path / "bad.mp3"
    bad.write_text("not audio")
    status, written, said = separate(bad, tmp_path / "missing.mp3", good)
    assert status == 1
    assert len(written) == 2
    complaints = [line for line in said.splitlines() if "bad.mp3" in line or "missing.mp3" in line]
    assert len(complaints) == 2, said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "options",
    [
        ["--model", "no:such"],
        ["--stems", "vocals,kazoo"],
        ["--codec", "mp3", "--bitrate", "7"],
        ["--codec", "mp3", "--bitrate", "loud"],
        ["--as", "nobody@example.org"],
    ],
)
def test_bad_options_are_status_2_before_any_work(
    separate: Command, tmp_path: Path, options: list[str]
) -> None:
    status, written, said = separate(write_song(tmp_path / "song.wav", 1.0), *options)
    assert (status, written) == (2, [])
    assert said
    assert not Separation.objects.exists()


def test_songs_belong_to_the_named_account(separate: Command, tmp_path: Path, other: User) -> None:
    assert separate(write_song(tmp_path / "song.wav", 1.0), "--as", "BEN@example.org")[0] == 0
    assert Separation.objects.get().requests.get().user == other


def test_stems_choose_a_model(separate: Command, tmp_path: Path) -> None:
    status, written, _said = separate(write_song(tmp_path / "song.wav", 1.0), "--stems", "drums,bass")
    assert (status, len(written)) == (0, 2)
    assert Separation.objects.get().model == "compact:4stems"


def test_failed_separation_prints_the_reason(
    separate: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_song(tmp_path / "song.wav", 2.0)
    monkeypatch.setattr(
        "separation.management.commands.separate.Bar.show", lambda _bar, _fraction: holder.kill()
    )
    status, written, said = separate(path)
    assert (status, written) == (1, [])
    assert said.splitlines() == [said.strip()], "one line"
    assert "three times" in said
    assert Separation.objects.get().status == Status.FAILED


def test_command_waits_for_a_running_server(
    separate: Command, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody holds the data folder this process only waits, whoever finishes the song."""
    settings.DATA_DIR = tmp_path
    server = DataFolderLock(tmp_path)
    assert server.acquire()
    calls: list[object] = []
    monkeypatch.setattr("separation.queue.worker.separate", lambda *arguments: calls.append(arguments))

    def cancelled_meanwhile(_bar: object, _fraction: float) -> None:
        Separation.objects.update(status=Status.CANCELLED)

    monkeypatch.setattr("separation.management.commands.separate.Bar.show", cancelled_meanwhile)
    status, _written, said = separate(write_song(tmp_path / "song.wav", 1.0))
    assert status == 1
    assert "nobody wants it" in said
    assert calls == []
    server.release()


def test_model_that_is_not_installed_is_refused_with_an_alternative(
    separate: Command, tmp_path: Path
) -> None:
    path = write_song(tmp_path / "song.wav", 1.0)
    status, written, said = separate(path, "--model", "spleeter:5stems")
    assert (status, written) == (1, [])
    sentence = "This model is not installed. Get it with: manage.py fetch_models 5stems"
    assert said.strip() == f"{path}: {sentence}"
    assert not Track.objects.exists()


def test_another_revision_of_the_model_separates_the_song_again(separate: Command, tmp_path: Path) -> None:
    path = write_song(tmp_path / "song.flac", 0.5)
    separate(path)
    Separation.objects.update(revision="earlier")
    status, written, _said = separate(path)
    assert (status, len(written)) == (0, 2)
    assert list(Separation.objects.values_list("status", flat=True)) == [Status.SUCCEEDED] * 2
