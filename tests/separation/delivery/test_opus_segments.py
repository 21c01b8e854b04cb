"""Opus segments by the API: the rendition behind them, what is there while it is made, limits and permissions."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import av
import numpy as np
import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from audio.encoding.opus_segments import OPUS_SEGMENT_SAMPLES
from catalog.models import Rendition, Upload, Visibility
from catalog.storage import backend
from catalog.storage.garbage_collection import KEEP_RENDITIONS, collect
from catalog.storage.renditions import _exclusive
from catalog.storage.segment_pool import SegmentPool
from separation.delivery import live, opus_segments
from separation.models import Separation, Status, Stem
from tests.catalog.races import at_once
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 7.5  # three segments


@pytest.fixture(autouse=True)
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[SegmentPool]:
    """Threads of this test's own."""
    pool = SegmentPool()
    monkeypatch.setattr(opus_segments, "segment_pool", pool)
    yield pool
    assert pool.wait_until_idle(30)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Time for the first segments also on a machine that is busy with other tests."""
    monkeypatch.setattr(opus_segments, "WAIT_SECONDS", 30.0)
    settings.WEB_THREADS = 64
    settings.WAITING_PER_PERSON = 32


def address(stem: Stem, n: int, codec: str = "opus") -> str:
    return f"/api/v1/stems/{stem.pk}/segments/{n}/?codec={codec}"


def decoded(answer: Any) -> Any:
    assert (answer.status_code, answer["Content-Type"]) == (200, "audio/ogg"), answer.content
    with av.open(io.BytesIO(answer.content), "r") as file:
        return np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)


def stored(stem: Stem) -> Any:
    """The samples of a stored stem."""
    with backend.local_copy(stem.audio.key) as path, av.open(str(path), "r") as file:
        frames = [frame.to_ndarray().reshape(-1, 2).T for frame in file.decode(audio=0)]
    return np.concatenate(frames, axis=1) / 32768


@pytest.fixture
def separation(user: User) -> Separation:
    return make_separation(make_track(user, seconds=SECONDS), model="compact:4stems", stored=True)


@pytest.mark.parametrize("brought", [False, True], ids=["ours", "brought"])
def test_segments_of_all_stems_join_to_them(
    api: APIClient, separation: Separation, pool: SegmentPool, brought: bool
) -> None:
    stems = list(separation.stems.all())
    if brought:  # the same file was uploaded: it is decoded in the sandbox
        audio = stems[0].audio
        Upload.objects.create(
            track=make_track(audio=audio), audio=audio, filename="x", checksum=audio.checksum, size=audio.size
        )
    for stem in stems:
        answers = [api.get(address(stem, n)) for n in range(3)]
        parts = [decoded(answer) for answer in answers]
        assert [part.shape[1] for part in parts[:2]] == [OPUS_SEGMENT_SAMPLES] * 2
        joined, original = np.concatenate(parts, axis=1), stored(stem)
        assert joined.shape == original.shape
        errors = [np.square(np.roll(joined, lag, axis=1) - original).mean() for lag in (-1, 0, 1)]
        assert min(errors) == errors[1] < 0.1 * np.square(original).mean()
        assert {answer["X-Gain"] for answer in answers} == {"1.0"}
        assert int(answers[1]["X-Pre-Skip"]) >= 20 * 960
    assert pool.wait_until_idle(30)
    row = Rendition.objects.get()
    assert (row.audio, row.codec, row.bitrate) == (separation.mixture, "opus", 80)
    assert backend.size(row.key) == row.size
    assert not opus_segments.recipe(separation, stems).growing_path.exists()


def test_gain_is_told(api: APIClient, separation: Separation) -> None:
    Separation.objects.filter(pk=separation.pk).update(gain=0.5)
    assert api.get(address(separation.stems.all()[0], 0))["X-Gain"] == "0.5"


def test_caches_ask_each_time_and_get_304(api: APIClient, separation: Separation, pool: SegmentPool) -> None:
    stem = separation.stems.all()[0]
    answer = api.get(address(stem, 0))
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("private, no-cache", "nosniff")
    assert answer["ETag"] != api.get(address(stem, 0, "flac"))["ETag"] != api.get(address(stem, 1))["ETag"]
    assert pool.wait_until_idle(30)
    Rendition.objects.all().delete()
    again = api.get(address(stem, 0), HTTP_IF_NONE_MATCH=answer["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert not Rendition.objects.exists()  # nor is it made for that


@pytest.mark.parametrize("n", ["3", "99999999999999999999"])
def test_segment_beyond_the_end_is_404_and_makes_nothing(
    api: APIClient, separation: Separation, n: str
) -> None:
    answer = api.get(f"/api/v1/stems/{separation.stems.all()[0].pk}/segments/{n}/?codec=opus")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_segment")
    assert not Rendition.objects.exists()


def test_other_codecs_are_refused(api: APIClient, separation: Separation) -> None:
    answer = api.get(address(separation.stems.all()[0], 0, "mp3"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_many_who_ask_at_once_get_one_rendition(separation: Separation, pool: SegmentPool) -> None:
    stems = list(separation.stems.all())
    answers = at_once(8, lambda n: APIClient().get(address(stems[n % 4], n % 3)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert pool.wait_until_idle(30)
    assert Rendition.objects.count() == 1


def test_segments_that_exist_are_delivered_while_others_are_made(
    api: APIClient, separation: Separation, pool: SegmentPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stems = list(separation.stems.all())
    first = {stem: api.get(address(stem, 0)).content for stem in stems}
    assert pool.wait_until_idle(30)
    row = Rendition.objects.get()
    with backend.local_copy(row.key) as path:
        data = bytearray(path.read_bytes())
    row.delete()
    data[5 * 8 : 13 * 8] = bytes(8 * 8)  # of the offsets the first five: the first segment of each stem
    recipe = opus_segments.recipe(separation, stems)
    recipe.growing_path.write_bytes(data)
    monkeypatch.setattr(opus_segments, "WAIT_SECONDS", 0.0)
    with _exclusive(recipe.lock_name):
        for stem in stems:
            assert api.get(address(stem, 0)).content == first[stem]
        answer = api.get(address(stems[0], 1))
        assert (answer.status_code, answer.json()["code"]) == (503, "encoding_in_progress")
        assert answer["Retry-After"] == "1"
    assert pool.wait_until_idle(30)
    assert decoded(api.get(address(stems[0], 1))).shape == (2, OPUS_SEGMENT_SAMPLES)


@pytest.mark.parametrize("damage", ["gone", "short", "other"])
def test_lost_rendition_is_made_again(
    api: APIClient, separation: Separation, pool: SegmentPool, damage: str
) -> None:
    stem = separation.stems.all()[0]
    api.get(address(stem, 0))
    assert pool.wait_until_idle(30)
    row = Rendition.objects.get()
    path = backend.local_path(row.key)
    match damage:
        case "gone":
            path.unlink()
        case "short":
            path.write_bytes(path.read_bytes()[:-1])
        case "other":
            path.write_bytes(bytes(row.size))
            opus_segments._table.cache_clear()
    assert decoded(api.get(address(stem, 2))).shape[1] == round(SECONDS * 44_100) - 2 * OPUS_SEGMENT_SAMPLES
    assert pool.wait_until_idle(30)
    assert Rendition.objects.get().pk != row.pk
    opus_segments._table.cache_clear()
    assert decoded(api.get(address(stem, 1))).shape[1] == OPUS_SEGMENT_SAMPLES, (
        "the stored file was left damaged"
    )


def test_lost_stem_is_file_missing(api: APIClient, separation: Separation) -> None:
    stem = separation.stems.all()[0]
    backend.delete(stem.audio.key)
    answer = api.get(address(stem, 0))
    assert (answer.status_code, answer.json()["code"]) == (503, "file_missing")


def test_person_who_asks_for_many_songs_is_told_to_wait(
    api: APIClient, user: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ENCODINGS_PER_PERSON = 2
    monkeypatch.setattr(opus_segments, "WAIT_SECONDS", 0.0)
    stems = [make_separation(make_track(user), stored=True).stems.all()[0] for _song in range(3)]
    recipes = [opus_segments.recipe(stem.separation, list(stem.separation.stems.all())) for stem in stems]
    with _exclusive(recipes[0].lock_name), _exclusive(recipes[1].lock_name):
        codes = [api.get(address(stem, 0)).json()["code"] for stem in stems]
    assert codes == ["encoding_in_progress", "encoding_in_progress", "busy"]


def test_requests_beyond_the_places_do_not_wait(
    api: APIClient, separation: Separation, settings: Any
) -> None:
    settings.WEB_THREADS = 1
    settings.WAITING_PER_PERSON = 0
    stems = list(separation.stems.all())
    with _exclusive(opus_segments.recipe(separation, stems).lock_name):
        answer = api.get(address(stems[0], 0))  # 30 s, if it waited
        assert (answer.status_code, answer.json()["code"]) == (503, "encoding_in_progress")


def test_songs_advance_together(user: User, pool: SegmentPool, settings: Any) -> None:
    """A short song that comes after a long one does not wait until that one is complete."""
    settings.ENCODINGS_AT_ONCE = 1
    long, short = (make_separation(make_track(user, seconds=s), stored=True) for s in (60.0, 1.0))
    recipes = [opus_segments.recipe(one, list(one.stems.all())) for one in (long, short)]
    encodings = [pool.submit(recipe, "account 1") for recipe in recipes]
    assert all(encoding.wait(60) for encoding in encodings)
    rows = [Rendition.objects.get(audio=one.mixture) for one in (long, short)]
    assert rows[1].created_at < rows[0].created_at


def test_running_separation_has_flac_alone(api: APIClient, separation: Separation) -> None:
    pk = live.stem_id(separation.pk, "bass")
    separation.stems.all().delete()
    Separation.objects.filter(pk=separation.pk).update(status=Status.RUNNING)
    answer = api.get(f"/api/v1/stems/{pk}/segments/0/?codec=opus")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_private_songs_are_for_their_owner(
    api: APIClient, api_of: Any, user: User, other: User, pool: SegmentPool
) -> None:
    track = make_track(user, visibility=Visibility.PRIVATE, seconds=SECONDS)
    stem = make_separation(track, stored=True).stems.all()[0]
    for client in (api, api_of(other)):
        assert client.get(address(stem, 0)).status_code == 404
    assert not Rendition.objects.exists()
    assert api_of(user).get(address(stem, 0)).status_code == 200
    assert pool.wait_until_idle(30)
    for client in (api, api_of(other)):  # nor when they exist
        assert client.get(address(stem, 0)).status_code == 404


def test_collector_removes_what_was_made_a_month_ago(
    api: APIClient, separation: Separation, pool: SegmentPool
) -> None:
    api.get(address(separation.stems.all()[0], 0))
    assert pool.wait_until_idle(30)
    key = Rendition.objects.get().key
    collect(timedelta(0))
    assert backend.exists(key)
    Rendition.objects.update(used_at=timezone.now() - KEEP_RENDITIONS - timedelta(seconds=1))
    collect(timedelta(0))
    assert not backend.exists(key)


@pytest.mark.parametrize(("stems", "kbits"), [(1, 128), (2, 128), (4, 80), (5, 64)])
def test_stems_share_the_bitrate(stems: int, kbits: int) -> None:
    assert opus_segments.bitrate(stems) == kbits
