"""The catalogue in the admin site: lists, search, changes, deletion."""

import json
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from catalog import pagination
from catalog.curation.revert import undo
from catalog.models import (
    Album,
    Artist,
    AudioFile,
    Change,
    Fingerprint,
    FormerAddress,
    ImportedFile,
    Like,
    Match,
    Notice,
    Rendition,
    Setlist,
    SetlistEntry,
    Track,
    Upload,
    Visibility,
    Wish,
    WishVoice,
)
from catalog.search.index import found_in_index
from catalog.storage import backend
from catalog.storage.renditions import rendition
from tests.catalog.conftest import Ingester, picture
from tests.factories import make_audio, make_track

MODELS = [
    *("artist", "album", "audiofile", "track", "upload", "rendition"),
    *("like", "wish", "setlist", "notice", "match", "fingerprint", "importedfile", "formeraddress"),
]


def people_of(track: Track, user: User) -> list[Model]:
    """A row of each kind that people and flows make of a track."""
    wish = Wish.objects.create(title=f"Wish for {track.pk}")
    WishVoice.objects.create(wish=wish, user=user)
    setlist = Setlist.objects.create(owner=user, title="Friday")
    SetlistEntry.objects.create(setlist=setlist, track=track, position=1)
    return [
        wish,
        setlist,
        Like.objects.create(user=user, track=track),
        Notice.objects.create(user=user, kind=Notice.Kind.SEPARATED, track=track),
        Match.objects.create(audio=track.audio, other=make_audio(), similarity=0.9, offset=0.0),
        Fingerprint.objects.update_or_create(
            audio=track.audio, defaults={"values": b"abcd", "duration": 1.0}
        )[0],
        ImportedFile.objects.create(
            owner=user, path=f"/music/{track.pk}", size=1, modified=1.0, outcome="new", track=track
        ),
        FormerAddress.objects.create(kind="track", old=str(track.pk), target=track.pk),
    ]


def url(model: str, page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:catalog_{model}_{page}", args=args)


def test_every_row_has_a_page(ingest_song: Ingester, admin_client: Client, user: User) -> None:
    result = ingest_song(cover=picture())
    rendition(result.audio, "mp3", None)
    for row in people_of(result.track, user):
        assert admin_client.get(url(row._meta.model_name or "", "change", row.pk)).status_code == 200
        assert admin_client.get(url(row._meta.model_name or "", "delete", row.pk)).status_code == 200
    for model in (Artist, Album, AudioFile, Track, Upload, Rendition):
        row = model._default_manager.all()[:1].get()
        page = admin_client.get(url(model._meta.model_name or "", "change", row.pk))
        assert page.status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_lists_take_a_constant_number_of_queries(
    ingest_song: Ingester, admin_client: Client, user: User, model: str
) -> None:
    def look(**filters: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = admin_client.get(url(model), filters)
        assert page.status_code == 200
        return len(queries)

    def add(seed: int) -> None:
        result = ingest_song(seed=seed, artist=str(seed), album=str(seed))
        rendition(result.audio, "wav", None)
        people_of(result.track, user)

    add(1)
    look()
    few = look()
    add(2)
    add(3)
    assert look() == few


@pytest.mark.parametrize(
    ("model", "words"),
    [("artist", "RIOS"), ("track", "rios cancion"), ("album", "ORILLA rios"), ("upload", "cancion agua")],
)
def test_search_finds_rows_by_words_and_digests(
    ingest_song: Ingester, admin_client: Client, model: str, words: str
) -> None:
    ingest_song(seed=1, filename="brought.flac")
    ingest_song(seed=2, artist="Eva", title="x", album="y", filename="z")
    found = admin_client.get(url(model), {"q": words}).context["cl"].result_list
    assert len(found) == 1
    audio = admin_client.get(url("audiofile"), {"q": AudioFile.objects.all()[0].audio_digest[:20]})
    assert len(audio.context["cl"].result_list) == 1


@pytest.mark.parametrize("model", ["artist", "album", "track", "like", "upload"])
def test_unknown_artist_is_named_in_the_language_of_the_page(
    ingest_song: Ingester, admin_client: Client, user: User, model: str
) -> None:
    track = ingest_song(artist="Unknown artist").track
    people_of(track, user)
    page = admin_client.get(url(model), headers={"Accept-Language": "es"}).content.decode()
    assert "Artista desconocido" in page
    assert "Unknown artist" not in page


def test_renaming_an_artist_makes_the_tracks_findable(ingest_song: Ingester, admin_client: Client) -> None:
    track = ingest_song().track
    admin_client.post(url("artist", "change", track.artist_id), {"name": "Eva Mar"})
    assert list(found_in_index(Track.objects.all(), "track", "eva cancion")) == [track]
    assert track.album is not None
    admin_client.post(
        url("album", "change", track.album_id), {"title": "Ribera", "artist": track.artist_id, "year": 2000}
    )
    assert list(found_in_index(Track.objects.all(), "track", "eva ribera")) == [track]


def test_taken_name_is_an_error_in_the_form(ingest_song: Ingester, admin_client: Client) -> None:
    first = ingest_song(seed=1).track
    second = ingest_song(seed=2, artist="Eva").track
    page = admin_client.post(url("artist", "change", second.artist_id), {"name": "ANA RIOS"})
    assert "There is an artist of this name already." in page.content.decode()
    third = ingest_song(seed=3, artist="Eva", album="Otro").track
    page = admin_client.post(
        url("album", "change", third.album_id), {"title": "orilla", "artist": third.artist_id}
    )
    assert "This artist has an album of this title already." in page.content.decode()
    assert first.artist != second.artist


def test_editing_a_track(ingest_song: Ingester, admin_client: Client, user: User) -> None:
    track = ingest_song().track
    guest = Artist.objects.get_or_create_by_name("Eva")
    uploads = {
        "credits-TOTAL_FORMS": "1",
        "credits-INITIAL_FORMS": "0",
        "credits-0-artist": guest.pk,
        "credits-0-position": "0",
    }
    admin_client.post(
        url("track", "change", track.pk),
        {"title": "Nueva", "artist": track.artist_id, "genre": "Jazz", "visibility": "private", **uploads},
    )
    track.refresh_from_db()
    assert (track.title, track.genre, track.album, track.visibility) == ("Nueva", "Jazz", None, "shared")
    assert track.owner == user
    assert [credit.artist for credit in track.credits.all()] == [guest]
    change = Change.objects.get()
    assert (change.target_id, change.before["title"], change.after["title"]) == (
        track.pk,
        "Canción de agua",
        "Nueva",
    )
    assert change.after["guests"] == ["Eva"]
    undo(change, user)
    assert Track.objects.get(pk=track.pk).title == "Canción de agua"


@pytest.mark.parametrize("way", ["page", "action"])
def test_deleting_a_track_gives_the_quota_back(
    ingest_song: Ingester, admin_client: Client, user: User, way: str
) -> None:
    track = ingest_song().track
    if way == "page":
        admin_client.post(url("track", "delete", track.pk), {"post": "yes"})
    else:
        data = {"action": "delete_selected", "_selected_action": track.pk, "post": "yes"}
        admin_client.post(url("track"), data)
    assert not Track.objects.exists()
    user.refresh_from_db()
    assert user.stored_bytes == 0


def test_actions_change_the_visibility(ingest_song: Ingester, admin_client: Client, other: User) -> None:
    track = ingest_song(seed=1).track
    held = ingest_song(seed=2).track
    ingest_song("again.wav", seed=2, by=other)
    data: dict[str, Any] = {"action": "make_private", "_selected_action": [track.pk, held.pk]}
    page = admin_client.post(url("track"), data, follow=True)
    assert "it stays shared" in page.content.decode()
    assert list(Track.objects.visible_to(other)) == [held]
    admin_client.post(url("track"), data | {"action": "share"})
    assert Track.objects.filter(visibility=Visibility.SHARED).count() == 2


def test_stored_audio_can_be_played(ingest_song: Ingester, admin_client: Client) -> None:
    result = ingest_song()
    address = url("audiofile", "listen", result.audio.pk)
    assert address in admin_client.get(url("track", "change", result.track.pk)).content.decode()
    answer = admin_client.get(address, headers={"range": "bytes=0-3"})
    assert (answer.status_code, answer["Content-Type"], answer.getvalue()) == (206, "audio/flac", b"fLaC")
    backend.delete(result.audio.key)
    assert admin_client.get(address).status_code == 503


def test_read_only_tables_cannot_be_changed(ingest_song: Ingester, admin_client: Client) -> None:
    result = ingest_song()
    row = rendition(result.audio, "wav", None)
    for model, pk in (("audiofile", result.audio.pk), ("upload", result.upload.pk)):
        assert admin_client.get(url(model, "add")).status_code == 403
        assert admin_client.post(url(model, "delete", pk), {"post": "yes"}).status_code == 403
        assert admin_client.post(url(model, "change", pk), {"filename": "x"}).status_code == 403
    assert admin_client.get(url("track", "add")).status_code == 403
    admin_client.post(url("rendition", "delete", row.pk), {"post": "yes"})
    assert not Rendition.objects.exists()
    assert (AudioFile.objects.count(), Upload.objects.count()) == (1, 1)


def test_admin_site_needs_a_staff_account(ingest_song: Ingester, user: User) -> None:
    result = ingest_song()
    client = Client()
    client.force_login(user)
    for address in (*map(url, MODELS), url("audiofile", "listen", result.audio.pk)):
        assert client.get(address).status_code == 302
    User.objects.filter(pk=user.pk).update(is_staff=True)  # staff without permissions
    assert client.get(url("audiofile", "listen", result.audio.pk)).status_code == 403
    assert Artist.objects.exists()
    assert Album.objects.exists()


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("like", "rios cancion"),
        ("notice", "ANA@example.org"),
        ("setlist", "frid"),
        ("setlist", "ana@example.org"),
        ("importedfile", "/music/"),
        ("match", "rios cancion"),
    ],
)
def test_personal_rows_are_found_by_account_and_song(
    ingest_song: Ingester, admin_client: Client, user: User, model: str, words: str
) -> None:
    people_of(ingest_song().track, user)
    for query, found in ((words, 1), ("nothing of it", 0), ("nobody@nowhere", 0)):
        page = admin_client.get(url(model), {"q": query})
        assert len(page.context["cl"].result_list) == found


def test_audio_is_found_by_the_beginnings_of_its_digests(ingest_song: Ingester, admin_client: Client) -> None:
    audio = ingest_song(seed=1).audio
    ingest_song(seed=2)
    for words in (audio.audio_digest[:9], audio.checksum[:9].upper(), audio.checksum):
        assert list(admin_client.get(url("audiofile"), {"q": words}).context["cl"].result_list) == [audio]


def test_artist_with_songs_cannot_be_deleted(admin_client: Client) -> None:
    track = make_track(album="Orilla")
    page = admin_client.get(url("artist", "delete", track.artist_id)).content.decode()
    assert str(track) in page
    admin_client.post(url("artist", "delete", track.artist_id), {"post": "yes"})
    assert Artist.objects.filter(pk=track.artist_id).exists()
    empty = Artist.objects.get_or_create_by_name("Nobody's")
    admin_client.post(url("artist", "delete", empty.pk), {"post": "yes"})
    assert not Artist.objects.filter(pk=empty.pk).exists()


def test_deletion_takes_a_constant_number_of_queries(admin_client: Client, user: User) -> None:
    def delete() -> int:
        track = make_track(user)
        for number in range(likes):
            person = User.objects.create_user(f"{likes}-{number}@example.org")
            people_of(track, person) if number == 0 else Like.objects.create(user=person, track=track)
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(url("track", "delete", track.pk)).status_code == 200
            admin_client.post(url("track", "delete", track.pk), {"post": "yes"})
        assert not Track.objects.filter(pk=track.pk).exists()
        return len(queries)

    likes = 1
    few = delete()
    likes = 6
    assert delete() == few


def test_long_lists_are_counted_up_to_a_bound(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination.count_up_to, "__defaults__", (2,))
    monkeypatch.setattr(pagination, "MOST_COUNTED", 2)
    for number in range(3):
        make_track(title=str(number))
    assert "2+" in admin_client.get(url("track")).content.decode()


def test_export_of_chosen_and_of_all_tracks(admin_client: Client, user: User) -> None:
    tracks = [make_track(title=title, visibility=Visibility.PRIVATE, owner=user) for title in "ab"]
    data = {"action": "export_json", "_selected_action": tracks[0].pk}
    chosen = admin_client.post(url("track"), data)
    assert chosen["Content-Disposition"] == 'attachment; filename="catalogue.json"'
    assert [row["title"] for row in json.loads(chosen.getvalue())] == ["a"]
    every = admin_client.get(url("track", "export", "csv")).getvalue().decode()
    assert len(every.splitlines()) == 3
    assert admin_client.get(url("track", "export", "xml")).status_code == 403
    address = url("track", "export", "csv")
    stranger = Client()
    stranger.force_login(user)
    assert stranger.get(address).status_code == 302
