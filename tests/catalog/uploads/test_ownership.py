"""Who holds a track, and what happens when they let go."""

import pytest

from accounts.models import User
from catalog import redirects
from catalog.curation.merging import merge
from catalog.errors import CatalogError
from catalog.models import (
    Artist,
    AudioFile,
    Credit,
    ImportedFile,
    Like,
    Setlist,
    SetlistEntry,
    Track,
    Visibility,
)
from catalog.uploads import ownership
from catalog.uploads.ingest import lookup
from tests.catalog.conftest import Ingester, picture

PRIVATE, SHARED = Visibility.PRIVATE, Visibility.SHARED


def stored_by(user: User) -> int:
    user.refresh_from_db()
    return user.stored_bytes


def test_releasing_the_last_claim_deletes_the_track(ingest_song: Ingester, user: User) -> None:
    result = ingest_song()
    assert stored_by(user) == result.upload.size
    assert ownership.drop_claim(result.track, user)
    assert not Track.objects.exists()
    assert lookup(result.upload.checksum, user) is None
    assert stored_by(user) == 0


def test_track_is_kept_for_other_uploaders(ingest_song: Ingester, user: User, other: User) -> None:
    result = ingest_song()
    track, size = result.track, result.upload.size
    ingest_song("again.wav", by=other)
    assert (stored_by(user), stored_by(other)) == (size, 0)
    assert not ownership.drop_claim(track, user)
    track.refresh_from_db()
    assert track.owner == other
    assert (stored_by(user), stored_by(other)) == (0, size)  # what is stored is always counted for somebody
    with pytest.raises(CatalogError, match="not_yours"):
        ownership.drop_claim(track, user)
    assert ownership.drop_claim(track, other)
    assert stored_by(other) == 0


def test_release_by_another_uploader_keeps_the_owner(ingest_song: Ingester, user: User, other: User) -> None:
    track = ingest_song().track
    ingest_song("again.wav", by=other)
    assert not ownership.drop_claim(track, other)
    track.refresh_from_db()
    assert track.owner == user
    assert stored_by(user) > 0


def test_disabled_accounts_inherit_no_track(ingest_song: Ingester, user: User, other: User) -> None:
    track = ingest_song().track
    ingest_song("again.wav", by=other)
    User.objects.filter(pk=other.pk).update(is_active=False)
    assert ownership.drop_claim(track, user)


def test_remove_deletes_the_track_for_everybody(ingest_song: Ingester, user: User, other: User) -> None:
    track = ingest_song(by=other).track
    ingest_song("again.wav", by=user)
    ownership.remove(track)
    assert not Track.objects.exists()
    assert stored_by(other) == 0


def test_shared_track_can_be_made_private_again(ingest_song: Ingester, user: User, other: User) -> None:
    track = ingest_song(visibility=PRIVATE).track
    track = ownership.change_visibility(track, SHARED)
    assert list(Track.objects.visible_to(other)) == [track]
    track = ownership.change_visibility(track, PRIVATE)
    assert not Track.objects.visible_to(other).exists()
    assert stored_by(user) > 0


def test_sharing_known_audio_merges_into_the_shared_track(
    ingest_song: Ingester, user: User, other: User
) -> None:
    private = ingest_song(visibility=PRIVATE).track
    shared = ingest_song("again.wav", by=other).track
    assert private != shared
    assert ownership.change_visibility(private, SHARED) == shared
    assert list(Track.objects.all()) == [shared]
    assert shared.uploads.count() == 2
    assert ownership.holds(shared, user)
    assert stored_by(user) == 0
    assert AudioFile.objects.count() == 1


def test_merge_on_sharing_moves_every_reference_once(ingest_song: Ingester, user: User, other: User) -> None:
    private = ingest_song(visibility=PRIVATE, title="My name for it").track
    shared = ingest_song("again.wav", by=other).track
    for track in (private, shared):
        Like.objects.create(user=user, track=track)
        Credit.objects.create(
            track=track, artist=Artist.objects.get_or_create_by_name(f"Guest on {track.visibility}")
        )
    setlist = Setlist.objects.create(owner=user, title="Sunday")
    SetlistEntry.objects.create(setlist=setlist, track=private, position=1)
    ImportedFile.objects.create(owner=user, path="/x", size=1, modified=1, outcome="new", track=private)
    Track.objects.filter(pk=private.pk).update(plays=2)
    ownership.change_visibility(private, SHARED)
    shared.refresh_from_db()
    assert (shared.title, shared.plays) == ("Canción de agua", 2)
    assert shared.likes.get().user == user
    assert [credit.artist.name for credit in shared.credits.all()] == ["Guest on shared"]
    assert shared.setlist_entries.count() == 1
    assert ImportedFile.objects.get().track == shared
    assert redirects.find_target("track", private.pk) == shared.pk


def test_making_private_merges_into_the_owners_private_track(
    ingest_song: Ingester, user: User, other: User
) -> None:
    shared = ingest_song().track
    private = ingest_song("again.wav", visibility=PRIVATE).track
    assert private == shared, "who brings it again gets the shared one"
    mine = Track.objects.create(
        title="x", artist=shared.artist, audio=shared.audio, owner=user, visibility=PRIVATE
    )
    assert ownership.change_visibility(shared, PRIVATE) == mine
    assert redirects.find_target("track", shared.pk) is None, "nobody is led to what is private"
    assert not Track.objects.visible_to(other).exists()


def test_sharing_merged_audio_joins_the_winner(ingest_song: Ingester, user: User, other: User) -> None:
    private = ingest_song("b.wav", seed=2, by=other, visibility=PRIVATE).track
    winner, loser = ingest_song(seed=1).track, ingest_song("b.flac", seed=2).track
    merge(loser, winner, User.objects.create_superuser("admin@example.org", "a long enough one"))
    assert ownership.change_visibility(private, SHARED) == winner
    assert ownership.holds(winner, other)


def test_track_of_several_uploaders_stays_shared(ingest_song: Ingester, user: User, other: User) -> None:
    track = ingest_song().track
    ingest_song("again.wav", by=other)
    with pytest.raises(CatalogError, match="shared_by_others") as refused:
        ownership.change_visibility(track, PRIVATE)
    assert refused.value.status == 409
    track.owner = None
    track.save()
    with pytest.raises(CatalogError, match="not_yours"):
        ownership.change_visibility(track, PRIVATE)


@pytest.mark.parametrize("leave", ["hide", "delete"])
def test_album_loses_the_cover_of_a_track_made_private(ingest_song: Ingester, user: User, leave: str) -> None:
    track = ingest_song(seed=1, cover=picture()).track
    ingest_song(seed=2, cover=picture("red"))
    twin = ingest_song(seed=3, cover=picture()).track
    album = track.album
    assert album is not None
    assert album.cover == track.cover == twin.cover

    def take_away(gone: Track) -> None:
        if leave == "hide":
            ownership.change_visibility(gone, PRIVATE)
        else:
            ownership.drop_claim(gone, user)
        album.refresh_from_db()

    cover = album.cover
    take_away(track)
    assert album.cover == cover
    take_away(twin)
    assert album.cover == ""
