"""What caches may keep of a song: nothing that its takedown, or its owner, takes away from people."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.curation.takedowns import take_down
from catalog.models import Album, Track, Visibility
from catalog.storage import backend
from catalog.storage.covers import store_cover, version
from catalog.uploads.ownership import change_visibility
from separation.delivery.m3u import sign
from separation.models import Separation, Stem
from tests.catalog.conftest import pictures
from tests.factories import make_audio, make_separation, make_track
from tests.http_cache import HttpCache

MINUTES = timedelta(minutes=6)

Addresses = dict[str, str]


@pytest.fixture
def separation(user: User) -> Separation:
    """A shared song with a cover, as real files."""
    track = make_track(
        user, audio=make_audio(1.0, stored=True), album="Orilla", cover=store_cover(pictures())
    )
    return make_separation(track, stored=True)


@pytest.fixture
def track(separation: Separation) -> Track:
    return Track.objects.get()


@pytest.fixture
def reader(client: Client, other: User) -> Client:
    """Somebody else, who is signed in."""
    client.force_login(other)
    return client


def addresses_of(separation: Separation, track: Track, reader: User) -> Addresses:
    """An address of each kind of answer about a song."""
    stem: Stem = separation.stems.get(name="vocals")
    stem_path, path = f"/api/v1/stems/{stem.pk}/", f"/api/v1/separations/{separation.pk}/"
    album = Album.objects.get()
    return {
        "segment": f"{stem_path}segments/0/",
        "Opus segment": f"{stem_path}segments/0/?codec=opus",
        "peaks": f"{stem_path}peaks/",
        "stem": f"{stem_path}audio/?codec=flac",
        "archive": f"{path}archive/?codec=flac",
        "mix": f"{path}mix/?vocals=0.5&codec=wav",
        "listen": f"/listen/{sign(stem, reader)}/",
        "cover": f"/covers/{track.pk}/?size=96&v={version(track.cover)}",
        "cover without version": f"/covers/{track.pk}/?size=96",
        "album cover": f"/covers/album/{album.pk}/?size=96&v={version(track.cover)}",
        "track page": f"/tracks/{track.pk}/",
        "fragment": f"/tracks/{track.pk}/?fragment=separation",
        "m3u": f"/tracks/{track.pk}.m3u8",
        "track in the API": f"/api/v1/tracks/{track.pk}/",
        "separation in the API": path,
    }


KINDS = [
    *(
        "segment",
        "Opus segment",
        "peaks",
        "stem",
        "archive",
        "mix",
        "listen",
        "cover",
        "cover without version",
        "album cover",
    ),
    *("track page", "fragment", "m3u", "track in the API", "separation in the API"),
]
FOR_VISITORS = [
    *("segment", "Opus segment", "peaks", "cover", "cover without version", "album cover", "track page"),
    "m3u",
]


def privatise(track: Track) -> None:
    change_visibility(track, Visibility.PRIVATE)


def takedown(track: Track) -> None:
    take_down(track, User.objects.create_superuser("root@example.org"))


@pytest.mark.parametrize("withdraw", [privatise, takedown])
@pytest.mark.parametrize("kind", KINDS)
def test_browser_stops_serving_a_withdrawn_song(
    reader: Client,
    other: User,
    separation: Separation,
    track: Track,
    kind: str,
    withdraw: Callable[[Track], None],
) -> None:
    address = addresses_of(separation, track, other)[kind]
    cache = HttpCache(reader)
    assert cache.get(address)
    withdraw(track)
    with time_machine.travel(timezone.now() + MINUTES):
        assert cache.get(address) is None


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_shared_cache_stores_nothing(
    client: Client, other: User, separation: Separation, track: Track, kind: str, *, signed_in: bool
) -> None:
    if signed_in:
        client.force_login(other)
    cache = HttpCache(client, shared=True)
    cache.get(addresses_of(separation, track, other)[kind])
    assert not cache.entries


@pytest.mark.parametrize("kind", FOR_VISITORS)
def test_browser_of_a_visitor_stops_serving_a_withdrawn_song(
    client: Client, other: User, separation: Separation, track: Track, kind: str
) -> None:
    address = addresses_of(separation, track, other)[kind]
    cache = HttpCache(client)
    before = cache.get(address)
    assert before
    privatise(track)
    with time_machine.travel(timezone.now() + MINUTES):
        assert cache.get(address) is None


@pytest.mark.parametrize(
    "kind", ["track page", "fragment", "m3u", "track in the API", "separation in the API"]
)
def test_pages_and_api_answers_of_an_account_are_not_stored(
    reader: Client, other: User, separation: Separation, track: Track, kind: str
) -> None:
    cache = HttpCache(reader)
    assert cache.get(addresses_of(separation, track, other)[kind])
    assert not cache.entries


@pytest.mark.parametrize("kind", ["segment", "Opus segment", "peaks", "stem", "archive", "mix", "listen"])
def test_browser_asks_each_time_and_gets_304(
    reader: Client, other: User, separation: Separation, track: Track, kind: str
) -> None:
    address = addresses_of(separation, track, other)[kind]
    cache = HttpCache(reader)
    assert cache.get(address) == cache.get(address)
    assert cache.statuses == [200, 304]


def test_browser_keeps_covers_for_minutes(
    client: Client, other: User, separation: Separation, track: Track
) -> None:
    address = addresses_of(separation, track, other)["cover"]
    cache = HttpCache(client)
    assert cache.get(address) == cache.get(address)
    assert cache.statuses == [200]
    with time_machine.travel(timezone.now() + MINUTES):
        cache.get(address)
    assert cache.statuses == [200, 304]


def test_revalidating_a_segment_takes_one_statement_and_no_file(
    client: Client, separation: Separation, django_assert_num_queries: Any
) -> None:
    stem = separation.stems.select_related("audio").get(name="vocals")
    path = f"/api/v1/stems/{stem.pk}/segments/0/"
    etag = client.get(path).headers["ETag"]
    backend.delete(stem.audio.key)
    with django_assert_num_queries(1):
        assert client.get(path, headers={"if-none-match": etag}).status_code == 304
