"""Merging, and that undoing it brings everything back."""

from typing import Any

import pytest
from django.core import serializers
from django.db.models import Model

from accounts.models import User
from catalog import redirects
from catalog.curation import history
from catalog.curation.editing import edit_artist
from catalog.curation.merging import merge
from catalog.curation.revert import undo
from catalog.curation.splitting import split
from catalog.errors import CatalogError
from catalog.models import (
    Album,
    Artist,
    Change,
    Credit,
    FormerAddress,
    ImportedFile,
    Like,
    Notice,
    Report,
    Setlist,
    SetlistEntry,
    Track,
    Upload,
    Visibility,
    Wish,
)
from catalog.search.index import found_in_index
from catalog.uploads.ingest import ingest, lookup
from catalog.uploads.private_names import update_all_names
from separation.models import SeparationRequest, Status
from tests.catalog.conftest import Ingester, SongMaker
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db


def everything(*left_out: type[Model]) -> set[str]:
    """Every row of the catalogue as text, so that two moments can be compared."""
    models: list[type[Model]] = [
        Artist, Album, Track, Upload, Credit, Like, SetlistEntry, Wish, Notice, Report, ImportedFile,
        SeparationRequest, FormerAddress,
    ]  # fmt: skip
    rows = [row for model in models if model not in left_out for row in model._base_manager.all()]
    return {str(row) for row in serializers.serialize("python", rows)}


def named_by_everything(track: Track, user: User, other: User) -> None:
    """Every kind of row that can name a track names this one."""
    for person in (user, other):
        Like.objects.create(user=person, track=track)
    setlist = Setlist.objects.create(owner=user, title="Sunday")
    SetlistEntry.objects.create(setlist=setlist, track=track, position=1)
    Credit.objects.create(track=track, artist=Artist.objects.get_or_create_by_name("Guest"), position=1)
    Credit.objects.create(track=track, artist=Artist.objects.get_or_create_by_name("Somebody"), position=2)
    Wish.objects.create(title="Wished", track=track)
    Notice.objects.create(user=user, kind=Notice.Kind.WISH, track=track)
    Report.objects.create(track=track, label=str(track), user=user, reason=Report.Reason.NAMES)
    ImportedFile.objects.create(owner=user, path=f"/{track.pk}", size=1, modified=1, track=track)
    make_separation(track, asked_by=other)


def test_merge_moves_every_reference(user: User, other: User, curator: User) -> None:
    winner = make_track(user, title="Barquito", plays=3)
    loser = make_track(other, title="Barquito de papel", plays=4, genre="Folk")
    named_by_everything(loser, user, other)
    Like.objects.create(user=user, track=winner)
    Credit.objects.create(track=winner, artist=Artist.objects.get_or_create_by_name("Guest"), position=1)
    before = everything()

    change = merge(loser, winner, curator)
    winner.refresh_from_db()
    assert not Track.objects.filter(pk=loser.pk).exists()
    assert (winner.plays, winner.genre, winner.title) == (7, "Folk", "Barquito")
    assert set(winner.likes.values_list("user", flat=True)) == {user.pk, other.pk}
    assert winner.likes.count() == 2
    assert [credit.artist.name for credit in winner.credits.all()] == ["Guest", "Somebody"]
    for rows in (winner.uploads, winner.setlist_entries, winner.wishes, winner.notices, winner.reports):
        assert rows.exists()
    assert winner.uploads.count() == 2
    assert ImportedFile.objects.get().track == winner
    assert SeparationRequest.objects.get().track == winner
    assert redirects.find_target("track", loser.pk) == winner.pk

    undo(change, curator)
    assert everything() == before
    assert redirects.find_target("track", loser.pk) is None


def test_undo_keeps_later_changes(user: User, other: User, curator: User) -> None:
    winner, loser = make_track(user, plays=1), make_track(other, plays=2)
    mine = Like.objects.create(user=user, track=loser)
    change = merge(loser, winner, curator)
    mine.delete()
    Like.objects.create(user=other, track=winner)
    Track.objects.filter(pk=winner.pk).update(plays=10, title="Renamed")
    undo(change, curator)
    winner.refresh_from_db()
    loser.refresh_from_db()
    assert (winner.plays, winner.title, loser.plays) == (8, "Renamed", 2)
    assert not loser.likes.exists()
    assert winner.likes.get().user == other


def test_merge_artists_with_albums_and_credits(user: User, curator: User) -> None:
    song = make_track(user, title="One", artist="The Beatles", album="Help!")
    same = make_track(user, title="Two", artist="Beatles", album="Help")
    own = make_track(user, title="Three", artist="Beatles", album="Rubber Soul")
    Album.objects.filter(title="Help").update(year=1965)
    Credit.objects.create(track=song, artist=same.artist)
    guest = make_track(user, title="Four", artist="Somebody")
    Credit.objects.create(track=guest, artist=same.artist)
    winner, loser = song.artist, same.artist
    before = everything()

    change = merge(loser, winner, curator)
    assert set(winner.tracks.all()) == {song, same, own}
    help_, soul = Album.objects.filter(artist=winner).order_by("title")
    assert (help_.title, help_.year, help_.tracks.count()) == ("Help!", 1965, 2)
    assert soul.tracks.get() == own
    assert not song.credits.exists(), "nobody is a guest on their own song"
    assert guest.credits.get().artist == winner
    assert same in found_in_index(Track.objects.all(), "track", "the beatles two")
    assert redirects.find_target("artist", loser.slug) == winner.pk
    assert redirects.find_target("album", same.album_id or "") == help_.pk

    undo(change, curator)
    assert everything() == before
    assert own in found_in_index(Track.objects.all(), "track", "beatles three")


def test_merge_albums(user: User, curator: User) -> None:
    one = make_track(user, title="One", artist="A", album="Live")
    two = make_track(user, title="Two", artist="A", album="Live (remastered)")
    assert one.album
    assert two.album
    before = everything()
    change = merge(two.album, one.album, curator)
    assert set(one.album.tracks.all()) == {one, two}
    assert change.before["names"] == {"artist": "A"}
    undo(change, curator)
    assert everything() == before


def test_chain_of_merges_can_be_undone(user: User, curator: User) -> None:
    a, b, c = (make_track(user, title=name, artist=name).artist for name in "abc")
    first = merge(a, b, curator)
    second = merge(b, c, curator)
    assert redirects.find_target("artist", a.pk) == c.pk
    with pytest.raises(CatalogError, match="gone"):
        undo(first, curator)
    undo(second, curator)
    assert redirects.find_target("artist", a.pk) == b.pk
    undo(first, curator)
    assert [artist.tracks.get().title for artist in (a, b, c)] == ["a", "b", "c"]
    assert not FormerAddress.objects.exists()


@pytest.mark.parametrize("loser", ["The Beatels", "A very long name " * 12])
def test_new_songs_under_the_losers_name_are_the_winners(
    ingest_song: Ingester, user: User, curator: User, loser: str
) -> None:
    first = make_track(user, title="One", artist="The Beatles").artist
    make_track(user, title="Two", artist=loser)
    merge(Artist.objects.get_or_create_by_name(loser), first, curator)
    assert ingest_song(seed=3, artist=loser.upper(), title="Three").track.artist == first
    last = make_track(user, title="Four", artist="Beatles, The").artist
    merge(first, last, curator)
    assert (
        Artist.objects.get_or_create_by_name(loser)
        == Artist.objects.get_or_create_by_name("the beatles")
        == last
    )
    split(last, [last.tracks.get(title="Three").pk], loser, curator)
    assert Artist.objects.get_or_create_by_name(loser) != last


def test_undo_restores_the_name(user: User, curator: User) -> None:
    winner, loser = (make_track(user, title=name, artist=name).artist for name in ("Ana", "Anna"))
    change = merge(loser, winner, curator)
    assert Artist.objects.get_or_create_by_name("Anna") == winner
    undo(change, curator)
    assert Artist.objects.get_or_create_by_name("Anna") == loser


def test_restored_artist_has_the_merge_and_its_undo_in_its_history(user: User, curator: User) -> None:
    winner, loser = (make_track(user, title=name, artist=name).artist for name in ("Ana", "Anna"))
    undo(merge(loser, winner, curator), curator)
    expected = ["“Anna” is its own again", "“Anna” was merged into “Ana”"]
    for artist in (winner, loser):
        assert [history.sentence(change) for change in history.of(artist, user)] == expected


def test_upload_of_the_losers_audio_gets_the_winner(
    ingest_song: Ingester, make_song: SongMaker, user: User, other: User, curator: User
) -> None:
    winner, loser = ingest_song(seed=1), ingest_song("other.flac", seed=2, by=other)
    change = merge(loser.track, winner.track, curator)
    assert lookup(loser.upload.checksum, user) == winner.track
    again = ingest_song("other.flac", seed=2)
    assert (again.created, again.track) == (False, winner.track)
    elsewhere = ingest_song("another.wav", seed=2)  # the same audio in another container
    assert (elsewhere.created, elsewhere.track) == (False, winner.track)
    assert elsewhere.upload.audio == loser.audio
    private = ingest(make_song("x.wav", seed=2), filename="x.wav", user=user, visibility=Visibility.PRIVATE)
    assert private.track == winner.track
    undo(change, curator)
    back = ingest_song("another.wav", seed=2).track
    assert back.pk == loser.track.pk
    assert back.uploads.count() == 5


def test_impossible_undo_says_why(ingest_song: Ingester, user: User, curator: User) -> None:
    one, two = make_track(user, artist="A"), make_track(user, artist="B")
    change = merge(two.artist, one.artist, curator)
    Artist.objects.get_or_create_by_name("B", merged=False)
    with pytest.raises(CatalogError, match="gone") as refused:
        undo(change, curator)
    assert "of that name" in str(refused.value.detail)

    change = merge(two, one, curator)
    two.audio.uploads.all().delete()
    two.audio.delete()
    with pytest.raises(CatalogError, match="gone") as refused:
        undo(change, curator)
    assert "nobody has kept" in str(refused.value.detail)


def test_refused_merges_and_undos(user: User, curator: User) -> None:
    one, two = make_track(user), make_track(user)
    private = make_track(curator, visibility=Visibility.PRIVATE)
    for who, loser, winner, code in [
        (user, one, two, "not_yours"),
        (curator, one, one, "same"),
        (curator, private, one, "not_shared"),
        (curator, one, private, "not_shared"),
    ]:
        with pytest.raises(CatalogError, match=code):
            merge(loser, winner, who)
    change = merge(one, two, curator)
    with pytest.raises(CatalogError, match="gone"):
        merge(one, two, curator)
    with pytest.raises(CatalogError, match="not_yours") as refused:
        undo(change, user)  # who added both songs
    assert str(refused.value.detail) == "Only curators may do this."
    undone = undo(change, curator)
    with pytest.raises(CatalogError, match="already_undone"):
        undo(change, curator)
    with pytest.raises(CatalogError, match="not_undoable"):
        undo(undone, curator)


def test_name_of_a_private_artist_can_be_used(user: User, other: User, curator: User) -> None:
    public = make_track(user, artist="A").artist
    hidden = make_track(other, artist="Secret", visibility=Visibility.PRIVATE)
    changed = edit_artist(public, curator, {"name": "secret"})
    update_all_names()
    hidden.refresh_from_db()
    assert (changed.name, hidden.artist) == ("secret", changed)
    change = Change.objects.get()
    assert (change.before, change.after) == (
        {"name": "A", "sort_name": "A"},
        {"name": "secret", "sort_name": "secret"},
    )


def test_requests_for_separations_follow_to_the_winner(
    user: User, other: User, curator: User, django_capture_on_commit_callbacks: Any
) -> None:
    winner, loser = make_track(user), make_track(other)
    running = make_separation(loser, model="compact:4stems", status=Status.RUNNING, asked_by=other)
    done = make_separation(loser, asked_by=other)
    with django_capture_on_commit_callbacks(execute=True):
        merge(loser, winner, curator)
    running.refresh_from_db()
    done.refresh_from_db()
    assert (running.status, done.status) == (Status.CANCELLED, Status.SUCCEEDED)
    wanted = winner.audio.separations.order_by("model")
    assert [(row.model, row.status, row.requests.get().user) for row in wanted] == [
        ("compact:2stems", Status.QUEUED, other),
        ("compact:4stems", Status.QUEUED, other),
    ]
