"""Names of private songs are their owner's alone, until a song is shared."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from rest_framework.test import APIClient

from accounts.models import User
from catalog.curation import history
from catalog.curation.editing import edit, edit_artist
from catalog.curation.groups import GROUP
from catalog.curation.merging import merge
from catalog.errors import CatalogError
from catalog.models import Album, Artist, Credit, FormerAddress, Track, Visibility
from catalog.storage.garbage_collection import collect
from catalog.uploads.ownership import change_visibility, drop_claim
from catalog.uploads.private_names import update_all_names
from tests.catalog.conftest import Ingester, picture
from tests.catalog.races import at_once
from tests.factories import make_track

PRIVATE, SHARED = Visibility.PRIVATE, Visibility.SHARED
VISITOR = AnonymousUser()


@pytest.fixture
def curator(db: None) -> User:
    person = User.objects.create_user("cleo@example.org", "a long enough one")
    person.groups.add(Group.objects.get(name=GROUP))
    return person


def test_private_spelling_does_not_name_the_artist(ingest_song: Ingester, user: User, other: User) -> None:
    mine = ingest_song(
        visibility=PRIVATE,
        artist="ANA RIOS feat. GUEST",
        album="ORILLA",
        year=1911,
        cover=picture("red"),
        compilation=True,
    ).track
    shared = ingest_song("b.flac", seed=2, by=other, artist="Ana Ríos feat. Guest").track
    assert shared.artist.slug == "ana-rios"
    assert (shared.artist.name, shared.artist.sort_name) == ("Ana Ríos", "Ana Ríos")
    assert shared.album is not None
    facts = (shared.album.title, shared.album.year, shared.album.cover, shared.album.compilation)
    assert facts == ("Orilla", 2019, "", False)
    assert [row.artist.name for row in shared.credits.all()] == ["Guest"]
    mine.refresh_from_db()
    assert mine.artist.private_to == user
    assert mine.album is not None
    assert mine.album.private_to == user


def test_private_names_are_separate_for_each_owner(ingest_song: Ingester, user: User, other: User) -> None:
    one = ingest_song(visibility=PRIVATE, artist="ANA RIOS").track
    two = ingest_song(visibility=PRIVATE, artist="ana ríos", by=other).track
    assert (one.artist.name, two.artist.name) == ("ANA RIOS", "ana ríos")
    assert one.artist.slug != two.artist.slug != "ana-rios"
    assert list(Artist.objects.visible_to(user)) == [one.artist]
    assert list(Album.objects.visible_to(other)) == [two.album]
    assert not Artist.objects.visible_to(VISITOR).exists()


def test_private_song_uses_shared_names(ingest_song: Ingester, user: User, other: User) -> None:
    shared = ingest_song(by=other).track
    mine = ingest_song(
        "b.flac", seed=2, visibility=PRIVATE, artist="ANA RIOS", album="ORILLA", year=1900
    ).track
    assert (mine.artist, mine.album) == (shared.artist, shared.album)
    third = ingest_song("c.flac", seed=3, visibility=PRIVATE, album="Another").track
    assert third.artist == shared.artist
    assert third.album is not None
    assert (third.album.private_to, third.album.artist) == (user, shared.artist)


def test_a_private_compilation_changes_no_shared_album(ingest_song: Ingester, other: User) -> None:
    shared = ingest_song(by=other).track
    mine = ingest_song("b.flac", seed=2, visibility=PRIVATE, compilation=True, album_artist="Ana Ríos").track
    assert mine.album == shared.album
    assert not Album.objects.filter(compilation=True).exists()


def test_sharing_makes_the_names_shared(ingest_song: Ingester, user: User, other: User) -> None:
    mine = ingest_song(visibility=PRIVATE, artist="ANA RIOS feat. GUEST", cover=picture("red")).track
    more = ingest_song("b.flac", seed=2, visibility=PRIVATE, artist="Ana Rios").track
    theirs = ingest_song("c.flac", seed=3, visibility=PRIVATE, artist="ana ríos", by=other).track
    before = mine.artist_id
    edit(mine, user, {"visibility": SHARED})
    for track in (mine, more, theirs):
        track.refresh_from_db()
    assert (mine.artist.name, mine.artist.slug, mine.artist.private_to) == ("ANA RIOS", "ana-rios", None)
    assert mine.album is not None
    assert (mine.album.cover, mine.album.private_to) == (mine.cover, None)
    assert [row.artist.private_to for row in mine.credits.all()] == [None]
    assert (more.artist, more.album) == (mine.artist, mine.album), "all of one's songs go along"
    assert before not in Artist.objects.values_list("pk", flat=True)
    assert not FormerAddress.objects.filter(old=str(before)).exists()
    assert theirs.artist.private_to == other, "those of others follow aside"
    assert update_all_names() > 0
    theirs.refresh_from_db()
    assert (theirs.artist, theirs.album) == (mine.artist, mine.album)
    assert update_all_names() == 0
    assert not Artist.objects.exclude(private_to=None).exists()


def test_making_private_makes_the_names_private(ingest_song: Ingester, user: User, other: User) -> None:
    mine = ingest_song(artist="ANA RIOS feat. GUEST").track
    shared = mine.artist_id
    change_visibility(mine, PRIVATE)
    mine.refresh_from_db()
    assert (mine.artist.name, mine.artist.private_to) == ("ANA RIOS", user)
    assert mine.artist_id != shared
    assert not Artist.objects.visible_to(VISITOR).exists()
    assert [row.artist.private_to for row in mine.credits.all()] == [user]
    again = ingest_song("b.flac", seed=2, by=other, album="orilla", year=1999).track
    assert again.album is not None
    assert (again.artist.name, again.album.title, again.album.year) == ("Ana Ríos", "orilla", 1999)


def test_names_without_shared_songs_become_private(ingest_song: Ingester, user: User, other: User) -> None:
    shared = ingest_song(by=other, artist="ANA RIOS").track
    mine = ingest_song("b.flac", seed=2, visibility=PRIVATE).track
    assert mine.artist == shared.artist
    drop_claim(shared, other)
    assert update_all_names() == 1
    mine.refresh_from_db()
    assert (mine.artist.private_to, mine.artist.name) == (user, "ANA RIOS")
    assert mine.album is not None
    assert mine.album.private_to == user
    assert update_all_names() == 0


def test_older_rows_are_corrected(user: User, other: User) -> None:
    """An older library has shared rows that only private songs name."""
    track = make_track(user, artist="SECRET", album="HIDDEN", visibility=PRIVATE)
    Credit.objects.create(track=track, artist=Artist.objects.get_or_create_by_name("GUEST"))
    Album.objects.update(private_to=None)
    Artist.objects.update(private_to=None)
    assert update_all_names() == 1
    track.refresh_from_db()
    assert track.album is not None
    assert track.artist.private_to == track.album.private_to == user
    assert [row.artist.private_to for row in track.credits.all()] == [user]
    assert make_track(other, artist="Secret", album="Hidden").artist.name == "Secret"


def test_renaming_a_private_song_makes_no_shared_name(user: User, other: User) -> None:
    mine = make_track(user, visibility=PRIVATE)
    edit(mine, user, {"artist": "SECRET", "album": "HIDDEN", "album_artist": "HOLDER", "guests": ["GUEST"]})
    assert not Artist.objects.filter(private_to=None).exists()
    assert not Album.objects.filter(private_to=None).exists()
    shared = make_track(other, artist="Guest")
    edit(mine, user, {"artist": "guest"})
    mine.refresh_from_db()
    assert mine.artist == shared.artist


def test_private_names_are_neither_edited_nor_merged(user: User, curator: User) -> None:
    mine = make_track(curator, artist="Secret", visibility=PRIVATE)
    shared = make_track(user, artist="Ana")
    for act in (
        lambda: edit_artist(mine.artist, curator, {"name": "Ana"}),
        lambda: merge(mine.artist, shared.artist, curator),
        lambda: merge(shared.artist, mine.artist, curator),
    ):
        with pytest.raises(CatalogError, match="not_shared"):
            act()
    assert not history.visible_to(user).exists()


@pytest.mark.parametrize("path", ["artists/{}/", "albums/{}/"])
def test_private_rows_are_404_for_others(
    api: APIClient, api_of: Any, user: User, other: User, path: str
) -> None:
    mine = make_track(user, artist="Secret", album="Hidden", visibility=PRIVATE)
    pk = mine.artist_id if "artist" in path else mine.album_id
    nobody = f"/api/v1/{path.format('00000000-0000-0000-0000-000000000000')}"
    for client in (api, api_of(other)):
        hidden, absent = client.get(f"/api/v1/{path.format(pk)}"), client.get(nobody)
        assert (hidden.status_code, hidden.content) == (404, absent.content)
    assert api_of(user).get(f"/api/v1/{path.format(pk)}").status_code == 200


def test_private_names_do_not_block_shared_ones(api: APIClient, user: User) -> None:
    make_track(user, artist="Ana Torres")
    owners = [User.objects.create_user(f"p{n}@example.org") for n in range(200)]
    for owner in owners:
        make_track(owner, artist="Ana Secret", visibility=PRIVATE)
    found = api.get("/api/v1/search/", {"q": "ana"}).json()["artists"]
    assert [artist["name"] for artist in found] == ["Ana Torres"]


@pytest.mark.django_db(transaction=True)
def test_eight_concurrent_private_songs_share_one_artist(user: User) -> None:
    found = at_once(8, lambda _n: Artist.objects.get_or_create_by_name("Ana", private_to=user).pk)
    assert len(set(found)) == 1


def test_deleted_account_leaves_no_private_names(ingest_song: Ingester, user: User) -> None:
    ingest_song(visibility=PRIVATE)
    user.delete()
    collect(timedelta(0))
    assert not Track.objects.exists()
    assert not Artist.objects.exists()
    assert not Album.objects.exists()
