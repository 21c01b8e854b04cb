"""Stored files that are missing or damaged: what is found, what is repaired, and in which portions."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from catalog.models import AudioFile, Notice, Rendition
from catalog.storage import backend
from catalog.storage.renditions import rendition
from operations.maintenance import verification
from operations.maintenance.schedule import next_command
from operations.maintenance.verification import begin, verify
from operations.models import Scrub
from separation.models import Separation, Status
from tests.catalog.conftest import Ingester, ingest_song, make_song, picture
from tests.factories import make_audio, make_separation, make_track

__all__ = ["ingest_song", "make_song"]  # fixtures
pytestmark = pytest.mark.django_db


def flip_bit(key: str) -> None:
    """Change a byte where nothing else shows it."""
    path = backend.local_path(key)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.fixture
def separation(user: User) -> Separation:
    """A song and its stems, with real files."""
    return make_separation(make_track(user, audio=make_audio(1.0, stored=True)), stored=True)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """``manage.py verify``: what it says, line by line."""

    def command(*arguments: str) -> list[str]:
        with pytest.raises(SystemExit) as end:
            call_command("verify", *arguments)
        said = capsys.readouterr().out.splitlines()
        assert end.value.code == (len(said) > 1)
        return said

    return command


def test_whole_files_are_reported_as_such(separation: Separation, run: Callable[..., list[str]]) -> None:
    [said] = run()
    assert said.startswith("3 files, ")
    assert said.endswith(" 0 of them missing or damaged.")
    row = Scrub.objects.get()
    assert (row.files, row.damaged, row.findings) == (3, 0, [])
    assert row.finished_at is not None


@pytest.mark.parametrize("damage", [flip_bit, backend.delete])
def test_damaged_stem_is_separated_again(
    separation: Separation, run: Callable[..., list[str]], damage: Callable[[str], None]
) -> None:
    audio = separation.stems.all()[0].audio
    damage(audio.key)
    said = run()
    assert len(said) == 2
    assert said[0].endswith("it is being separated again")
    separation.refresh_from_db()
    assert separation.status == Status.QUEUED


@pytest.mark.parametrize("obstacle", ["revision", "mixture", "brought by somebody"])
def test_stem_that_cannot_be_made_again_is_marked(
    separation: Separation, run: Callable[..., list[str]], obstacle: str, user: User
) -> None:
    audio = separation.stems.all()[0].audio
    flip_bit(audio.key)
    match obstacle:
        case "revision":
            Separation.objects.update(revision="earlier")
        case "mixture":
            backend.delete(separation.mixture.key)
        case _:
            make_track(user, title="a stem as a song", audio=audio)
    assert any(line.startswith(audio.key) and "cannot be made again" in line for line in run())
    audio.refresh_from_db()
    separation.refresh_from_db()
    assert audio.damaged_at is not None
    assert separation.status == Status.SUCCEEDED


def test_damaged_recording_is_marked_until_somebody_brings_it_again(
    ingest_song: Ingester, run: Callable[..., list[str]]
) -> None:
    audio = ingest_song().audio
    marked = AudioFile.objects.exclude(damaged_at=None)
    whole = backend.local_path(audio.key).read_bytes()
    flip_bit(audio.key)
    assert "upload it again" in run()[0]
    assert marked.get() == audio
    ingest_song()
    assert backend.local_path(audio.key).read_bytes() == whole
    assert not marked.exists()
    flip_bit(audio.key)
    run()
    backend.local_path(audio.key).write_bytes(whole)  # from a backup
    assert len(run()) == 1
    assert not marked.exists()


def test_damaged_rendition_is_deleted_and_picture_reported(
    ingest_song: Ingester, run: Callable[..., list[str]]
) -> None:
    result = ingest_song(cover=picture())
    made = rendition(result.audio, "mp3", None)
    flip_bit(made.key)
    flip_bit(result.track.cover)
    said = run()
    assert len(said) == 3
    assert f"{made.key} is damaged; it was deleted" in said[0]
    assert said[1].startswith(f"{result.track.cover} is damaged")
    assert not Rendition.objects.exists()
    assert not backend.exists(made.key)


def test_files_that_go_meanwhile_are_not_reported(
    separation: Separation, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendition(separation.mixture, "mp3", None)
    keys = set(AudioFile.objects.values_list("key", flat=True)) | set(
        Rendition.objects.values_list("key", flat=True)
    )

    def removed(file: verification.Stored) -> str:
        assert file.key in keys
        separation.stems.all().delete()
        Rendition.objects.all().delete()
        separation.track_separations.all().delete()
        for audio in AudioFile.objects.filter(tracks=None, stems=None, separations=None):
            audio.delete()
        return "missing" if not AudioFile.objects.filter(key=file.key).exists() else ""

    monkeypatch.setattr(verification, "problem_of", removed)
    assert verify(begin(scheduled=False)) == 0


def test_storage_that_does_not_answer_is_not_damage(
    separation: Separation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_file: object) -> str:
        raise ConnectionError

    monkeypatch.setattr(verification, "problem_of", away)
    with pytest.raises(ConnectionError):
        verify(begin(scheduled=True))
    monkeypatch.undo()
    assert verify(begin(scheduled=True)) == 0
    assert Scrub.objects.get().files == 3


def test_scheduled_check_goes_through_all_files_in_portions(
    separation: Separation, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    User.objects.update(is_superuser=True)
    monkeypatch.setattr(os, "nice", lambda _n: None)
    monkeypatch.setattr("operations.management.commands.verify.portion", lambda: 2)
    flip_bit(separation.mixture.key)
    assert next_command() == [], "all are new"
    AudioFile.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert next_command() == ["verify", "--scheduled"]
    call_command("verify", "--scheduled")
    row = Scrub.objects.get()
    assert (row.files, row.finished_at) == (2, None)
    assert next_command() == []
    Scrub.objects.update(worked_at=timezone.now() - timedelta(hours=1))
    assert next_command() == ["verify", "--scheduled"]
    call_command("verify", "--scheduled")
    row = Scrub.objects.get()
    assert (row.files, row.damaged) == (3, 1)
    assert row.finished_at is not None
    assert Notice.objects.get().kind == Notice.Kind.STORAGE
    assert next_command() == []
    Scrub.objects.update(created_at=timezone.now() - timedelta(days=30))
    assert next_command() == ["verify", "--scheduled"]
    settings.SCRUB_DAYS = 0
    assert next_command() == []


def test_portions_cover_all_files_within_the_days_of_the_setting(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCRUB_DAYS = 30
    monkeypatch.setattr(AudioFile.objects, "count", lambda: 72_000)
    assert verification.portion() == 100
    monkeypatch.setattr(AudioFile.objects, "count", lambda: 5)
    assert verification.portion() == 20
