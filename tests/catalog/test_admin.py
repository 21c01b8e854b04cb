"""The admin panel of the catalogue: what it lists, finds, changes and lets go."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from catalog import storage
from catalog.models import Album, Artist, AudioFile, Rendition, Track, Upload, Visibility
from catalog.renditions import rendition
from tests.catalog.conftest import Ingester, picture

MODELS = ["artist", "album", "audiofile", "track", "upload", "rendition"]


@pytest.fixture
def keeper(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin@example.org", "a long enough one"))
    return client


def url(model: str, page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:catalog_{model}_{page}", args=args)


def test_every_row_has_a_page(bring: Ingester, keeper: Client) -> None:
    result = bring(cover=picture())
    rendition(result.audio, "mp3", None)
    for model in (Artist, Album, AudioFile, Track, Upload, Rendition):
        row = model._default_manager.get()
        page = keeper.get(url(model._meta.model_name or "", "change", row.pk))
        assert page.status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_a_longer_list_takes_no_more_queries(bring: Ingester, keeper: Client, model: str) -> None:
    def look(**filters: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = keeper.get(url(model), filters)
        assert page.status_code == 200
        return len(queries)

    rendition(bring(seed=1, artist="A", album="A").audio, "wav", None)
    look()
    few = look()
    for seed in (2, 3):
        rendition(bring(seed=seed, artist=str(seed), album=str(seed)).audio, "wav", None)
    assert look() == few


@pytest.mark.parametrize(
    ("model", "words"),
    [("artist", "RIOS"), ("track", "rios cancion"), ("album", "ORILLA rios"), ("upload", "brought.flac")],
)
def test_search(bring: Ingester, keeper: Client, model: str, words: str) -> None:
    bring(seed=1, filename="brought.flac")
    bring(seed=2, artist="Eva", title="x", album="y", filename="z")
    found = keeper.get(url(model), {"q": words}).context["cl"].result_list
    assert len(found) == 1
    audio = keeper.get(url("audiofile"), {"q": AudioFile.objects.all()[0].audio_digest[:20]})
    assert len(audio.context["cl"].result_list) == 1


def test_renaming_an_artist_makes_the_tracks_findable(bring: Ingester, keeper: Client) -> None:
    track = bring().track
    keeper.post(url("artist", "change", track.artist_id), {"name": "Eva Mar"})
    assert list(Track.objects.search("eva cancion")) == [track]
    assert track.album is not None
    keeper.post(
        url("album", "change", track.album_id), {"title": "Ribera", "artist": track.artist_id, "year": 2000}
    )
    assert list(Track.objects.search("eva ribera")) == [track]


def test_a_name_that_exists_is_an_error_in_the_form(bring: Ingester, keeper: Client) -> None:
    first = bring(seed=1).track
    second = bring(seed=2, artist="Eva").track
    page = keeper.post(url("artist", "change", second.artist_id), {"name": "ANA RIOS"})
    assert "There is an artist of this name already." in page.content.decode()
    third = bring(seed=3, artist="Eva", album="Otro").track
    page = keeper.post(url("album", "change", third.album_id), {"title": "orilla", "artist": third.artist_id})
    assert "This artist has an album of this title already." in page.content.decode()
    assert first.artist != second.artist


def test_editing_a_track(bring: Ingester, keeper: Client, user: User) -> None:
    track = bring().track
    uploads = {"uploads-TOTAL_FORMS": "0", "uploads-INITIAL_FORMS": "0"}
    keeper.post(
        url("track", "change", track.pk),
        {"title": "Nueva", "artist": track.artist_id, "genre": "Jazz", "visibility": "private", **uploads},
    )
    track.refresh_from_db()
    assert (track.title, track.genre, track.album, track.visibility) == ("Nueva", "Jazz", None, "shared")
    assert track.owner == user


@pytest.mark.parametrize("way", ["page", "action"])
def test_deleting_a_track_gives_the_quota_back(bring: Ingester, keeper: Client, user: User, way: str) -> None:
    track = bring().track
    if way == "page":
        keeper.post(url("track", "delete", track.pk), {"post": "yes"})
    else:
        data = {"action": "delete_selected", "_selected_action": track.pk, "post": "yes"}
        keeper.post(url("track"), data)
    assert not Track.objects.exists()
    user.refresh_from_db()
    assert user.stored_bytes == 0


def test_changing_who_sees_it(bring: Ingester, keeper: Client, other: User) -> None:
    track = bring(seed=1).track
    held = bring(seed=2).track
    bring("again.wav", seed=2, by=other)
    data: dict[str, Any] = {"action": "make_private", "_selected_action": [track.pk, held.pk]}
    page = keeper.post(url("track"), data, follow=True)
    assert "it stays shared" in page.content.decode()
    assert list(Track.objects.visible_to(other)) == [held]
    keeper.post(url("track"), data | {"action": "share"})
    assert Track.objects.filter(visibility=Visibility.SHARED).count() == 2


def test_listening(bring: Ingester, keeper: Client) -> None:
    result = bring()
    address = url("audiofile", "listen", result.audio.pk)
    assert address in keeper.get(url("track", "change", result.track.pk)).content.decode()
    answer = keeper.get(address, headers={"range": "bytes=0-3"})
    assert (answer.status_code, answer["Content-Type"], answer.getvalue()) == (206, "audio/flac", b"fLaC")
    storage.delete(result.audio.key)
    assert keeper.get(address).status_code == 503


def test_what_only_the_flows_write_cannot_be_written_here(bring: Ingester, keeper: Client) -> None:
    result = bring()
    row = rendition(result.audio, "wav", None)
    for model, pk in (("audiofile", result.audio.pk), ("upload", result.upload.pk)):
        assert keeper.get(url(model, "add")).status_code == 403
        assert keeper.post(url(model, "delete", pk), {"post": "yes"}).status_code == 403
        assert keeper.post(url(model, "change", pk), {"filename": "x"}).status_code == 403
    assert keeper.get(url("track", "add")).status_code == 403
    keeper.post(url("rendition", "delete", row.pk), {"post": "yes"})
    assert not Rendition.objects.exists()
    assert (AudioFile.objects.count(), Upload.objects.count()) == (1, 1)


def test_nobody_else_gets_in(bring: Ingester, user: User) -> None:
    result = bring()
    client = Client()
    client.force_login(user)
    for address in (*map(url, MODELS), url("audiofile", "listen", result.audio.pk)):
        assert client.get(address).status_code == 302
    User.objects.filter(pk=user.pk).update(is_staff=True)  # staff without permissions
    assert client.get(url("audiofile", "listen", result.audio.pk)).status_code == 403
    assert Artist.objects.exists()
    assert Album.objects.exists()
