"""Hearing a separation before it is finished: the same ids, the same samples, whatever the storage."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from rest_framework.test import APIClient

from accounts.models import User
from audio.flac import SEGMENT_SAMPLES, FromSndfile, SegmentedFile
from catalog.models import Visibility
from separation.delivery import live
from separation.delivery.live import Feed
from separation.models import Separation, Status
from tests.factories import make_separation, make_track
from tests.songs import RATE

API = "/api/v1/"
SAMPLES = 2 * SEGMENT_SAMPLES + 9_000


@pytest.fixture
def running(user: User, settings: Any, tmp_path: Path) -> Separation:
    """A separation that some worker is busy with."""
    settings.WORK_DIR = tmp_path / "work"
    separation = make_separation(make_track(user, seconds=SAMPLES / RATE), status=Status.RUNNING)
    separation.owner, separation.attempts = "here/1/2/abcd", 2
    separation.save()
    return separation


class Growing:
    """The files of a running separation, written as the separator writes them."""

    def __init__(self, folder: Path, gain: float = 1.0) -> None:
        folder.mkdir(parents=True)
        self.pcm = np.random.default_rng(7).integers(-9000, 9000, (SAMPLES, 2), dtype=np.int16)
        files = [SegmentedFile(folder / f"{name}.flac", 3, gain) for name in ("vocals", "accompaniment")]
        self.files = [FromSndfile(file) for file in files]
        self.sounds = [soundfile.SoundFile(f, "w", RATE, 2, "PCM_16", format="FLAC") for f in self.files]
        self.outlines = [folder / "vocals.peaks", folder / "accompaniment.peaks"]
        self.write(0)

    def write(self, stop: int, start: int = 0) -> None:
        for sound in self.sounds:
            sound.write(self.pcm[start:stop])
        for outline in self.outlines:
            outline.write_bytes(bytes(n % 200 for n in range(stop // 4096)))

    def close(self) -> None:
        for sound, file in zip(self.sounds, self.files, strict=True):
            sound.close()
            file.close()


@pytest.fixture
def growing(running: Separation, settings: Any) -> Iterator[Growing]:
    files = Growing(settings.WORK_DIR / live.place(running.pk, running.attempts, running.owner))
    yield files
    files.close()


def test_live_stems_are_listed_with_their_final_ids(api: APIClient, running: Separation) -> None:
    Separation.objects.update(segments=1)
    body = api.get(f"{API}separations/{running.pk}/").json()
    vocals = body["stems"][0]
    assert vocals == {
        "id": str(live.stem_id(running.pk, "vocals")),
        "name": "vocals",
        "duration": SAMPLES / RATE,
        "samples": SAMPLES,
        "sample_rate": RATE,
        "segments": 3,
        "segments_ready": 1,
        "peaks": f"http://testserver{API}stems/{vocals['id']}/peaks/",
        "audio": None,
    }
    Separation.objects.update(status=Status.QUEUED)
    assert api.get(f"{API}separations/{running.pk}/").json()["stems"] == []


def test_complete_live_segments_and_peaks_are_served(
    api: APIClient, running: Separation, growing: Growing
) -> None:
    stem = f"{API}stems/{live.stem_id(running.pk, 'accompaniment')}/"
    early = api.get(f"{stem}segments/0/")
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    growing.write(SEGMENT_SAMPLES + 100)
    answer = api.get(f"{stem}segments/0/")
    assert (answer.status_code, answer["X-Gain"], answer["Content-Type"]) == (200, "1.0", "audio/flac")
    assert answer["Cache-Control"] == "private, no-cache"
    again = api.get(f"{stem}segments/0/", headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    heard = soundfile.read(io.BytesIO(answer.content), dtype="int16")[0]
    assert np.array_equal(heard, growing.pcm[:SEGMENT_SAMPLES])
    assert [api.get(f"{stem}segments/{n}/").status_code for n in (1, 2, 3)] == [409, 409, 404]
    peaks = api.get(f"{stem}peaks/?start=120").json()
    assert peaks["peaks"] == [120, 121, 122, 123, 124, 125, 126, 127]
    assert (peaks["samples"], peaks["gain"]) == (SEGMENT_SAMPLES, 1.0)
    whole = api.get(f"{stem}audio/?codec=mp3")
    assert (whole.status_code, whole.json()["code"]) == (409, "not_ready")


def test_live_segment_of_a_file_encoded_again_is_not_ready(
    api: APIClient, running: Separation, growing: Growing
) -> None:
    """Its header tells its length by then, and its last segment is cut short."""
    growing.write(SEGMENT_SAMPLES + 100)
    growing.close()
    stem = f"{API}stems/{live.stem_id(running.pk, 'vocals')}/"
    answers = [api.get(f"{stem}segments/{n}/") for n in (0, 1)]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["code"] == "not_ready"


def test_live_segments_are_not_ready_before_the_first_file(api: APIClient, running: Separation) -> None:
    stem = f"{API}stems/{live.stem_id(running.pk, 'vocals')}/"
    for what in ("segments/0", "segments/2", "peaks"):
        answer = api.get(f"{stem}{what}/")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    assert api.get(f"{stem}segments/3/").status_code == 404


def test_live_segment_of_a_moving_file_answers_503(api: APIClient, running: Separation) -> None:
    Separation.objects.update(segments=2)
    stem = f"{API}stems/{live.stem_id(running.pk, 'vocals')}/"
    assert api.get(f"{stem}segments/2/").status_code == 409
    for what in ("segments/0", "peaks"):
        answer = api.get(f"{stem}{what}/")
        assert (answer.status_code, answer.json()["code"]) == (503, "try_again")


@pytest.mark.parametrize("what", ["segments/0", "peaks"])
def test_live_segments_of_a_private_song_are_for_its_owner(
    api: APIClient, api_of: Any, user: User, running: Separation, growing: Growing, what: str
) -> None:
    growing.write(SEGMENT_SAMPLES + 100)
    running.mixture.tracks.update(visibility=Visibility.PRIVATE)
    path = f"{API}stems/{live.stem_id(running.pk, 'vocals')}/{what}/"
    assert api.get(path).status_code == 404
    assert api_of(user).get(path).status_code == 200


def test_live_segments_are_copied_to_other_storage_and_deleted(
    api: APIClient, running: Separation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storage in memory stands for one on another machine: its files have no paths."""
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "files": memory}
    folder = settings.WORK_DIR / live.place(running.pk, running.attempts, running.owner)
    stem = f"{API}stems/{live.stem_id(running.pk, 'vocals')}/"
    assert api.get(f"{stem}peaks/").status_code == 409
    files = Growing(folder, gain=0.5)
    with Feed(folder, ("vocals", "accompaniment")) as feed:
        files.write(SEGMENT_SAMPLES + 100)
        feed.complete(1)
        feed.complete(2)  # never comes: somebody else may have taken the files away
        feed._complete.put(None)
        feed._thread.join() if feed._thread else None
        assert feed.segments == 1
        Separation.objects.update(segments=feed.segments)
        answer = api.get(f"{stem}segments/0/")
        assert (answer.status_code, answer["X-Gain"]) == (200, "0.5")
        heard = soundfile.read(io.BytesIO(answer.content), dtype="int16")[0]
        assert np.array_equal(heard, files.pcm[:SEGMENT_SAMPLES])
        peaks = api.get(f"{stem}peaks/").json()
        assert (len(peaks["peaks"]), peaks["gain"]) == (128, 0.5)
        assert api.get(f"{stem}segments/1/").status_code == 409
    assert api.get(f"{stem}segments/0/").status_code == 503
    files.close()
