"""Encodings in threads: once for all, in turns, within limits, and ended with the process."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from catalog.errors import CatalogError
from catalog.models import AudioFile, Rendition
from catalog.storage import backend, encoding_pool, encoding_progress
from catalog.storage.encoding_pool import EncodingPendingError, EncodingPool
from catalog.storage.recipes import Recipe
from catalog.storage.renditions import (
    _exclusive,
    find_rendition,
    get_or_create_rendition,
    remove_abandoned,
    work_folder,
)
from operations.monitoring.log_context import request_id
from tests.catalog.races import at_once
from tests.factories import make_audio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def pool(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[EncodingPool]:
    """Threads of this test's own, one at a time, and room for many requests."""
    settings.ENCODINGS_AT_ONCE = 1
    settings.WEB_THREADS = 64
    settings.WAITING_PER_PERSON = 32
    pool = EncodingPool()
    monkeypatch.setattr(encoding_pool, "pool", pool)
    yield pool
    assert pool.wait_until_idle(30)


@pytest.fixture
def audio() -> AudioFile:
    return make_audio(1.0, stored=True)


def recipe(audio: AudioFile, bitrate: int = 128) -> Recipe:
    return Recipe(audio, "mp3", bitrate)


def test_concurrent_requests_share_one_rendition(audio: AudioFile) -> None:
    rows = at_once(8, lambda n: encoding_pool.obtain([recipe(audio)], f"account {n}", seconds=30))
    assert len({row.pk for (row,) in rows}) == Rendition.objects.count() == 1


def test_existing_rendition_needs_no_thread(audio: AudioFile, settings: Any) -> None:
    row = get_or_create_rendition(recipe(audio))
    settings.ENCODINGS_PER_PERSON = 0
    assert encoding_pool.obtain([recipe(audio)], "account 1") == [row]


def test_long_encoding_outlives_its_request(pool: EncodingPool) -> None:
    long = recipe(make_audio(20.0, stored=True))
    with pytest.raises(EncodingPendingError) as told:
        encoding_pool.obtain([long], "account 1", seconds=0.01)
    assert (told.value.code, told.value.status) == ("encoding_in_progress", 503)
    assert told.value.retry_after
    assert encoding_pool.is_in_progress(long)
    assert pool.wait_until_idle(30)
    assert not encoding_pool.is_in_progress(long)
    assert encoding_pool.obtain([long], "account 1") == [find_rendition(long)]


def test_progress_includes_existing_renditions(audio: AudioFile) -> None:
    get_or_create_rendition(recipe(audio, 128))
    with _exclusive(recipe(audio, 192).lock_name), pytest.raises(EncodingPendingError) as told:
        encoding_pool.obtain([recipe(audio, 128), recipe(audio, 192)], "account 1")
    assert told.value.progress == 0.5


def test_submissions_of_one_account_are_limited(audio: AudioFile, settings: Any) -> None:
    settings.ENCODINGS_PER_PERSON = 2
    with _exclusive(recipe(audio, 96).lock_name):
        encoding_pool.start([recipe(audio, 96), recipe(audio, 128)], "account 1")
        with pytest.raises(CatalogError) as refused:
            encoding_pool.start([recipe(audio, 160)], "account 1")
        assert (refused.value.code, refused.value.status) == ("busy", 503)
        assert refused.value.retry_after
        encoding_pool.start([recipe(audio, 128)], "account 1")  # the same again is not one more
        encoding_pool.start([recipe(audio, 160)], "account 2")


def test_accounts_take_turns(audio: AudioFile, pool: EncodingPool) -> None:
    with _exclusive(recipe(audio, 96).lock_name):
        encoding_pool.start([recipe(audio, bitrate) for bitrate in (96, 128, 160, 192)], "account 1")
        encoding_pool.start([recipe(audio, 256)], "address 192.0.2.1")
        encoding_pool.start([recipe(audio, 192)], "account 2")
    assert pool.wait_until_idle(30)
    order = list(Rendition.objects.order_by("created_at").values_list("bitrate", flat=True))
    assert order[0] == 96
    # Of the first person's three others one may come before those of the two who asked later.
    assert max(order.index(256), order.index(192)) < max(order.index(128), order.index(160))
    assert set(order) == {96, 128, 160, 192, 256}


def forget(*recipes: Recipe) -> None:
    """Let the time pass after which what was asked for is forgotten."""
    cache.delete_many([encoding_progress.key(one, "asked") for one in recipes])


def test_unrequested_encodings_are_dropped(audio: AudioFile, pool: EncodingPool, settings: Any) -> None:
    settings.ENCODINGS_PER_PERSON = 3
    running, left, kept = (recipe(audio, bitrate) for bitrate in (96, 128, 160))
    with _exclusive(running.lock_name):
        encoding_pool.start([running, left], "account 1")
        encoding_pool.start([kept], "account 2")
        while (first := pool.find(running)) is None or first.started_at is None:
            time.sleep(0.01)
        forget(running, left, kept)
        encoding_pool.start([kept], "account 3")  # a request for the same keeps it, whosever it is
    assert pool.wait_until_idle(30)
    assert find_rendition(running)
    assert find_rendition(kept)
    assert find_rendition(left) is None
    assert not encoding_pool.is_in_progress(left)
    assert encoding_pool.obtain([left], "account 1", seconds=30) == [find_rendition(left)]


def test_encoding_with_a_waiting_request_is_kept(
    audio: AudioFile, pool: EncodingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding_pool, "RENEW_SECONDS", 0.05)
    recipes = [recipe(audio, bitrate) for bitrate in (96, 128, 160)]
    results: list[Any] = []

    def wait() -> None:
        results.extend(encoding_pool.obtain(recipes, "account 1", seconds=30))
        connection.close()

    request = threading.Thread(target=wait)
    with _exclusive(recipes[0].lock_name):
        request.start()
        while not (first := pool.find(recipes[0])) or not first.waiters:
            time.sleep(0.01)
        forget(*recipes)
        while len(cache.get_many([encoding_progress.key(one, "asked") for one in recipes])) < 3:
            time.sleep(0.01)
    request.join(30)
    assert results == [find_rendition(one) for one in recipes]


def test_threads_are_limited_by_the_setting(audio: AudioFile, settings: Any, pool: EncodingPool) -> None:
    settings.ENCODINGS_AT_ONCE = 2
    with _exclusive(recipe(audio, 96).lock_name), _exclusive(recipe(audio, 128).lock_name):
        encoding_pool.start([recipe(audio, bitrate) for bitrate in (96, 128, 160, 192)], "account 1")
        assert pool._threads == 2
        assert not Rendition.objects.exists()


def test_refused_waiter_leaves_the_encoding_running(
    audio: AudioFile, settings: Any, pool: EncodingPool
) -> None:
    settings.WAITING_PER_PERSON = 1
    results: list[Any] = []

    def wait() -> None:
        results.extend(encoding_pool.obtain([recipe(audio, 96)], "account 1", seconds=30))
        connection.close()

    first = threading.Thread(target=wait)
    with _exclusive(recipe(audio, 96).lock_name):
        first.start()
        while pool.find(recipe(audio, 96)) is None or not pool.find(recipe(audio, 96)).waiters:  # type: ignore[union-attr]
            time.sleep(0.01)
        with pytest.raises(CatalogError, match="busy"):
            encoding_pool.obtain([recipe(audio, 128)], "account 1", seconds=30)
    first.join(30)
    assert pool.wait_until_idle(30)
    assert results == [find_rendition(recipe(audio, 96))]
    assert find_rendition(recipe(audio, 128))


def test_encoding_of_another_process_is_awaited(audio: AudioFile, pool: EncodingPool) -> None:
    cache.set(encoding_progress.key(recipe(audio), "progress"), 0.25, 60)
    with pytest.raises(EncodingPendingError) as told:
        encoding_pool.obtain([recipe(audio)], "account 1")
    assert told.value.progress == 0.25
    assert pool.find(recipe(audio)) is None
    row = get_or_create_rendition(recipe(audio))
    assert encoding_pool.obtain([recipe(audio)], "account 1", seconds=10) == [row]


def test_failure_reaches_waiting_requests(audio: AudioFile) -> None:
    backend.delete(audio.key)
    for _ in range(2):
        with pytest.raises(CatalogError, match="file_missing"):
            encoding_pool.obtain([recipe(audio)], "account 1", seconds=30)


def test_unseen_failure_is_reported_once_then_retried(audio: AudioFile, pool: EncodingPool) -> None:
    backend.delete(audio.key)
    encoding_pool.start([recipe(audio)], "account 1")
    assert pool.wait_until_idle(30)
    with pytest.raises(CatalogError) as refused:
        encoding_pool.start([recipe(audio)], "account 1")
    assert (refused.value.code, refused.value.status) == ("file_missing", 503)
    encoding_pool.start([recipe(audio)], "account 1")


def test_stop_ends_encodings_and_leaves_no_file(pool: EncodingPool, settings: Any) -> None:
    long = make_audio(60.0, stored=True)
    batch = encoding_pool.start([recipe(long, 96), recipe(long, 128)], "account 1")
    while not list(settings.WORK_DIR.glob("rendition-*")):
        time.sleep(0.01)
    pool.stop(30)
    assert pool.wait_until_idle(0)
    with pytest.raises(CatalogError, match="busy"):
        batch.result()
    with pytest.raises(CatalogError, match="busy"):
        encoding_pool.start([recipe(long, 160)], "account 1")
    assert not list(settings.WORK_DIR.glob("rendition-*"))
    assert not Rendition.objects.exists()


def test_files_of_killed_processes_are_removed(settings: Any) -> None:
    with work_folder() as running:
        left = settings.WORK_DIR / "rendition-left"
        left.mkdir()
        (left / "rendition.mp3").write_bytes(b"half")
        remove_abandoned()
        assert not left.exists()
        assert running.exists()
    assert not running.exists()


def test_encoding_belongs_to_the_request_that_started_it(
    audio: AudioFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def encode(wanted: Recipe, progress: Callable[[float], None]) -> Rendition:
        seen.append(request_id.get())
        return get_or_create_rendition(wanted, progress)

    monkeypatch.setattr(encoding_pool, "get_or_create_rendition", encode)
    for name in ("first", "second"):
        token = request_id.set(name)
        encoding_pool.obtain([recipe(audio, {"first": 128, "second": 192}[name])], "account 1", seconds=30)
        request_id.reset(token)
    assert seen == ["first", "second"]
