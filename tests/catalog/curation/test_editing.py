"""Editing: what is changed, what is refused, what somebody else did meanwhile, and putting it back."""

from typing import Any

import pytest

from accounts.models import User
from catalog.curation import history
from catalog.curation.editing import edit, edit_album, edit_artist, release
from catalog.curation.errors import ConflictError, NameTakenError
from catalog.curation.fields import details
from catalog.curation.merging import merge
from catalog.curation.revert import undo
from catalog.curation.splitting import recordings, split, split_track
from catalog.errors import CatalogError
from catalog.models import Album, Artist, Change, Track, Visibility
from catalog.search.index import found_in_index
from catalog.uploads.private_names import update_all_names
from tests.catalog.conftest import Ingester
from tests.factories import make_track

pytestmark = pytest.mark.django_db

PRIVATE, SHARED = Visibility.PRIVATE, Visibility.SHARED


def test_edit_of_every_field_can_be_undone(user: User) -> None:
    track = make_track(user, title="Barquito", artist="Ana", album="Orilla")
    before = details(track)
    wanted = {
        "title": "Barquito de papel",
        "artist": "Ana Ríos",
        "guests": ["Ben", "Cleo; & Co", "Ana Ríos"],
        "album": "Ribera",
        "album_artist": "Various artists",
        "disc_number": 2,
        "track_number": 7,
        "genre": "Folk",
        "year": 2019,
    }
    edit(track, user, wanted)
    track.refresh_from_db()
    assert details(track) == {**wanted, "guests": ["Ben", "Cleo; & Co"], "cover": ""}
    assert track in found_in_index(Track.objects.all(), "track", "rios ribera papel")
    change = Change.objects.get()
    assert (change.kind, change.actor, change.private_to) == (Change.Kind.EDIT, user, None)
    assert {**change.before, "cover": ""} == before  # the one thing that stayed as it was
    undone = undo(change, user)
    track.refresh_from_db()
    assert details(track) == before
    undo(undone, user)
    track.refresh_from_db()
    assert track.title == "Barquito de papel"
    edit(track, user, {"title": "Barquito de papel"})
    assert Change.objects.count() == 3, "what changes nothing is no change"


@pytest.mark.parametrize(
    ("changes", "album", "holder"),
    [
        ({"artist": "Eva"}, "Orilla", "Eva"),
        ({"artist": "Eva", "album_artist": "Ana"}, "Orilla", "Ana"),
        ({"album_artist": ""}, "Orilla", "Ana"),
        ({"album": "Otra"}, "Otra", "Ana"),
        ({"album": ""}, "", ""),
        ({"album_artist": "Various"}, "Orilla", "Various"),
    ],
)
def test_album_follows_the_artist(user: User, changes: dict[str, Any], album: str, holder: str) -> None:
    track = edit(make_track(user, artist="Ana", album="Orilla"), user, changes)
    assert (details(track)["album"], details(track)["album_artist"]) == (album, holder)


def test_compilation_keeps_its_album_artist(user: User) -> None:
    track = make_track(user, artist="Ana")
    track.album = Album.objects.get_or_create_by_title(
        "Hits", Artist.objects.get_or_create_by_name("Various")
    )
    track.save()
    assert details(edit(track, user, {"artist": "Eva"}))["album_artist"] == "Various"


def test_edit_permissions(user: User, other: User, curator: User) -> None:
    shared, private = make_track(user), make_track(user, visibility=PRIVATE)
    edit(shared, curator, {"title": "Better"})
    for track, person in [(shared, other), (private, other), (private, curator)]:
        with pytest.raises(CatalogError, match="not_yours"):
            edit(track, person, {"title": "x"})
    with pytest.raises(CatalogError, match="not_yours"):
        edit(shared, curator, {"visibility": PRIVATE})
    for save, row in [(edit_artist, shared.artist), (edit_album, make_track(user, album="A").album)]:
        with pytest.raises(CatalogError, match="not_yours"):
            save(row, user, {})  # type: ignore[operator]
    shared.delete()
    with pytest.raises(CatalogError, match="gone"):
        edit(shared, user, {"title": "x"})


def test_concurrent_edits_of_one_value_conflict(user: User, curator: User) -> None:
    track = make_track(user, title="One", genre="Folk")
    seen = details(track)
    edit(track, curator, {**seen, "title": "Two", "year": 2000}, seen)
    edit(track, user, {**seen, "genre": "Rock"}, seen)
    track.refresh_from_db()
    assert (track.title, track.year, track.genre) == ("Two", 2000, "Rock"), "neither undid the other's"
    with pytest.raises(ConflictError) as refused:
        edit(track, user, {**seen, "title": "Three"}, seen)
    assert refused.value.fields == ["title"]
    assert refused.value.now["title"] == "Two"
    assert "Title" in str(refused.value.detail)
    edit(track, user, {**seen, "title": "Two"}, seen)  # both want the same


def test_edit_artist_and_undo(user: User, curator: User) -> None:
    track = make_track(user, artist="The Betles")
    artist = edit_artist(track.artist, curator, {"name": "The Beatles"})
    assert (artist.name, artist.sort_name, artist.slug) == ("The Beatles", "Beatles, The", "the-betles")
    assert track in found_in_index(Track.objects.all(), "track", "beatles")
    other = make_track(user, artist="Wings").artist
    with pytest.raises(NameTakenError) as refused:
        edit_artist(other, curator, {"name": "the beatles"})
    assert refused.value.other == artist
    edit_artist(artist, curator, {"name": "THE BEATLES", "sort_name": "Fab Four"})
    first, second = Change.objects.order_by("created_at")
    with pytest.raises(CatalogError, match="changed_since"):
        undo(first, curator)
    undo(second, curator)
    artist.refresh_from_db()
    assert details(artist) == {"name": "The Beatles", "sort_name": "Beatles, The"}


def test_edit_album_and_undo(user: User, curator: User) -> None:
    track = make_track(user, artist="Ana", album="Orila")
    assert track.album
    wanted = {"title": "Orilla", "artist": "Various", "year": 1999, "compilation": True}
    album = edit_album(track.album, curator, wanted)
    assert details(album) == {**wanted, "cover": ""}
    assert track in found_in_index(Track.objects.all(), "track", "orilla")
    other = make_track(user, artist="Various", album="Ribera").album
    assert other
    with pytest.raises(NameTakenError) as refused:
        edit_album(other, curator, {"title": "orilla"})
    assert refused.value.other == album
    undo(Change.objects.get(), curator)
    album.refresh_from_db()
    before = {"title": "Orila", "artist": "Ana", "year": None, "compilation": False, "cover": ""}
    assert details(album) == before


def test_title_of_a_private_album_can_be_used(user: User, other: User, curator: User) -> None:
    public = make_track(user, artist="Ana", album="One").album
    hidden = make_track(other, artist="Ana", album="Secret", visibility=PRIVATE)
    assert public
    edit_album(public, curator, {"title": "Secret"})
    update_all_names()
    hidden.refresh_from_db()
    assert hidden.album == public


def test_history_of_a_private_song_is_its_owners(user: User, curator: User) -> None:
    track = make_track(user, title="One")
    edit(track, curator, {"title": "Two"})
    edit(track, user, {"title": "Three", "visibility": PRIVATE})
    assert [change.label for change in history.visible_to(user)] == ["Ana Torres - Three", "Ana Torres - Two"]
    assert not history.visible_to(curator).exists()
    change = Change.objects.all()[0]
    with pytest.raises(CatalogError, match="not_yours"):
        undo(change, curator)
    undo(change, user)
    edit(track, user, {"visibility": SHARED})
    assert not history.visible_to(curator).exists(), "what it was called in private stays so"
    release(track, user)
    assert history.visible_to(curator).get().kind == Change.Kind.REMOVE


def test_split_of_an_artist_can_be_undone(user: User, curator: User) -> None:
    one = make_track(user, title="One", artist="John Williams", album="Guitar")
    two = make_track(user, title="Two", artist="John Williams", album="Star Wars")
    artist = one.artist
    for tracks, name, code in [
        ([], "x", "nothing_chosen"),
        ([two.pk], "john williams", "same"),
        ([two.pk], "", "no_name"),
    ]:
        with pytest.raises(CatalogError, match=code):
            split(artist, tracks, name, curator)
    with pytest.raises(CatalogError, match="not_yours"):
        split(artist, [two.pk], "x", user)
    composer = split(artist, [two.pk], "John Williams (composer)", curator)
    two.refresh_from_db()
    assert two.album
    assert (two.artist, two.album.artist, two.album.title) == (composer, composer, "Star Wars")
    assert two in found_in_index(Track.objects.all(), "track", "composer")
    change = Change.objects.get()
    assert (change.kind, change.target_id) == (Change.Kind.SPLIT, artist.pk)
    undo(change, curator)
    two.refresh_from_db()
    assert (two.artist, two.album.artist) == (artist, composer) or two.album.artist == artist
    assert two.artist == artist


def test_split_of_an_album(user: User, curator: User) -> None:
    one, two = (make_track(user, title=title, artist="Ana", album="Live") for title in ("One", "Two"))
    album = one.album
    assert album
    Album.objects.filter(pk=album.pk).update(year=1999)
    album.refresh_from_db()
    other = split(album, [two.pk], "Live II", curator)
    assert isinstance(other, Album)
    assert (list(other.tracks.all()), other.year) == ([two], 1999)
    edit(two, user, {"album": "Elsewhere"})
    change = Change.objects.get(kind=Change.Kind.SPLIT)
    with pytest.raises(CatalogError, match="changed_since"):
        undo(change, curator)


def test_split_of_a_merged_recording(ingest_song: Ingester, user: User, other: User, curator: User) -> None:
    winner, loser = ingest_song(seed=1), ingest_song("b.flac", seed=2, by=other)
    merge(loser.track, winner.track, curator)
    assert list(recordings(winner.track)) == [loser.audio]
    fresh = split_track(winner.track, loser.audio, curator)
    assert (fresh.audio, fresh.owner, fresh.uploads.get()) == (loser.audio, other, loser.upload)
    with pytest.raises(CatalogError, match="gone"):
        split_track(winner.track, loser.audio, curator)
    undo(Change.objects.get(kind=Change.Kind.SPLIT), curator)
    assert list(recordings(winner.track)) == [loser.audio]
