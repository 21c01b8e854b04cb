"""A recording is taken down: everything of it goes at once, and nothing of it comes back."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from catalog.curation.merging import merge
from catalog.curation.reports import report
from catalog.curation.takedowns import lift, take_down
from catalog.errors import CatalogError
from catalog.models import AudioFile, Block, Change, Fingerprint, Notice, Rendition, Report, Track, Visibility
from catalog.storage import backend
from catalog.storage.garbage_collection import collect
from catalog.storage.renditions import rendition
from catalog.uploads.ingest import ingest, lookup
from separation.models import Separation, Status
from separation.queue import worker
from separation.queue.requests import ask
from separation.queue.separator_holder import holder
from tests.catalog.conftest import Ingester, picture
from tests.factories import make_separation, make_track
from tests.songs import write_song


@pytest.fixture
def administrator(db: None) -> User:
    return User.objects.create_superuser("admin@example.org", "a long enough one")


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Any:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def stored() -> set[str]:
    root = backend.local_path("")
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_takedown_deletes_tracks_and_files_at_once(
    ingest_song: Ingester, user: User, other: User, administrator: User, commit: Any
) -> None:
    with commit():
        shared = ingest_song(cover=picture())
        private = ingest_song("again.wav", by=other, visibility=Visibility.PRIVATE)
        ingest_song("other.flac", seed=2, title="Another")
    separation = make_separation(shared.track, stored=True, asked_by=user)
    rendition(shared.audio, "wav", None)
    for stem in separation.stems.all():
        rendition(stem.audio, "wav", None)
    kept = AudioFile.objects.exclude(pk=shared.audio.pk).get(tracks__title="Another")
    report(shared.track, other, Report.Reason.RIGHTS, "It is mine.")
    with commit():
        take_down(shared.track, administrator, "letter of 3 May")
    assert list(Track.objects.values_list("title", flat=True)) == ["Another"]
    assert stored() == {kept.key}
    assert list(AudioFile.objects.all()) == [kept]
    assert not Rendition.objects.exists()
    assert not Separation.objects.exists()
    for person in (user, other):
        person.refresh_from_db()
    assert (user.stored_bytes > 0, other.stored_bytes) == (True, 0)
    assert private.audio == shared.audio
    change = Change.objects.get(kind=Change.Kind.TAKEDOWN)
    assert (change.actor, change.label, change.private_to) == (
        administrator,
        "Ana Ríos - Canción de agua",
        None,
    )
    assert Report.objects.get().outcome == Report.Outcome.TAKEN_DOWN
    assert "taken down" in Notice.objects.get(user=other).text


def test_takedown_keeps_files_that_others_use(
    ingest_song: Ingester, administrator: User, commit: Any
) -> None:
    with commit():
        one, two = ingest_song(cover=picture()), ingest_song("two.flac", seed=2, cover=picture())
    assert one.track.cover == two.track.cover
    separations = [make_separation(row.track, stored=True) for row in (one, two)]
    silence = separations[0].stems.all()[0].audio
    separations[1].stems.filter(position=0).update(audio=silence)
    with commit():
        take_down(one.track, administrator)
    assert {two.audio.key, silence.key, two.track.cover} < stored()
    assert backend.size(silence.key) == silence.size


@pytest.mark.parametrize("again", ["song.flac", "song.wav"])
def test_blocked_recording_cannot_be_added_again(
    ingest_song: Ingester, user: User, other: User, administrator: User, commit: Any, again: str
) -> None:
    with commit():
        taken = ingest_song()
    with commit():
        take_down(taken.track, administrator)
    assert stored() == set()
    assert lookup(taken.upload.checksum, user) is None
    for visibility in Visibility:
        with pytest.raises(CatalogError, match="blocked") as refused:
            ingest_song(again, by=other, visibility=visibility)
        assert refused.value.status == 451
    assert stored() == set()
    assert not AudioFile.objects.exists()
    other.refresh_from_db()
    assert other.stored_bytes == 0
    lift(Block.objects.get())
    assert ingest_song(again, by=other).created


def test_takedown_includes_merged_recordings(
    ingest_song: Ingester, user: User, curator: User, administrator: User, commit: Any
) -> None:
    winner, loser = ingest_song(seed=1), ingest_song("two.flac", seed=2)
    Fingerprint.objects.update_or_create(audio=loser.audio, defaults={"values": b"\1\2\3\4", "duration": 0.5})
    with commit():
        merge(loser.track, winner.track, curator)
    with commit():
        take_down(winner.track, administrator)
    assert stored() == set()
    blocked = {block.audio_digest: bytes(block.values) for block in Block.objects.all()}
    assert blocked == {winner.audio.audio_digest: b"", loser.audio.audio_digest: b"\1\2\3\4"}
    with pytest.raises(CatalogError, match="blocked"):
        ingest_song("two.wav", seed=2)


def test_only_administrators_take_down(user: User, curator: User, administrator: User) -> None:
    track = make_track(user)
    for person in (user, curator):
        with pytest.raises(CatalogError, match="not_yours"):
            take_down(track, person)
    track.delete()
    with pytest.raises(CatalogError, match="gone"):
        take_down(track, administrator)


def test_takedown_stops_serving_the_files(
    ingest_song: Ingester, user: User, administrator: User, commit: Any, api: APIClient
) -> None:
    with commit():
        track = ingest_song().track
    separation = make_separation(track, stored=True, asked_by=user)
    stem = separation.stems.all()[0]
    addresses = [
        f"/api/v1/tracks/{track.pk}/",
        f"/api/v1/separations/{separation.pk}/",
        f"/api/v1/separations/{separation.pk}/archive/",
        f"/api/v1/stems/{stem.pk}/audio/?codec=wav",
        f"/api/v1/stems/{stem.pk}/peaks/",
        f"/api/v1/stems/{stem.pk}/segments/0/",
        f"/tracks/{track.pk}/",
    ]
    client = Client()
    client.force_login(user)
    api.force_authenticate(user)

    def statuses() -> set[int]:
        answers: list[Any] = [(api if "/api/" in address else client).get(address) for address in addresses]
        for answer in answers:
            answer.getvalue()
        return {answer.status_code for answer in answers}

    assert statuses() == {200}
    with commit():
        take_down(track, administrator)
    assert statuses() == {404}


@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("separator")
class TestWhileItIsSeparated:
    @pytest.fixture(autouse=True)
    def ready(self, settings: Any, tmp_path: Path) -> Iterator[None]:
        settings.WORK_DIR = tmp_path / "work"
        settings.WORK_DIR.mkdir()
        settings.DISK_FLOOR_BYTES = 0
        yield
        holder.close()

    @pytest.fixture
    def asked(self, user: User, tmp_path: Path) -> Separation:
        path = write_song(tmp_path / "song.flac", 3.0, seed=1)
        return ask(ingest(path, filename=path.name, user=user).track, "compact:2stems", user).separation

    def test_running_separation_publishes_nothing_after_a_takedown(
        self, asked: Separation, administrator: User, settings: Any
    ) -> None:
        down = self.once(lambda: take_down(Track.objects.get(), administrator))
        assert worker.separate(asked.pk, down)
        assert not Separation.objects.exists()
        assert not AudioFile.objects.exists()
        assert list(settings.WORK_DIR.iterdir()) == []
        collect(timedelta(0))
        assert stored() == set()

    @staticmethod
    def once(act: Callable[[], object]) -> Callable[[float], None]:
        done = threading.Event()

        def watch(_progress: float) -> None:
            if not done.is_set():
                done.set()
                act()

        return watch


def test_waiting_separation_is_deleted_by_a_takedown(user: User, administrator: User, commit: Any) -> None:
    track = make_track(user)
    make_separation(track, status=Status.QUEUED, asked_by=user)
    with commit():
        take_down(track, administrator)
    assert not Separation.objects.exists()
