"""Many people at once: nothing deadlocks, nothing is lost, nothing is there twice."""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from catalog.curation.editing import edit, edit_artist
from catalog.curation.fields import details
from catalog.curation.groups import GROUP
from catalog.curation.merging import merge
from catalog.curation.reports import report
from catalog.curation.revert import undo
from catalog.curation.takedowns import take_down
from catalog.errors import CatalogError
from catalog.models import Album, Artist, AudioFile, Block, Change, Like, Report, Track
from catalog.uploads.ingest import ingest
from tests.catalog.conftest import Ingester, SongMaker
from tests.catalog.races import at_once
from tests.factories import make_track

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def curators(db: None) -> list[User]:
    people = [User.objects.create_user(f"c{n}@example.org", "a long enough one") for n in range(6)]
    for person in people:
        person.groups.add(Group.objects.get_or_create(name=GROUP)[0])
    return people


def refused(results: list[Any]) -> set[str]:
    """The codes of the refusals; anything else that went wrong is raised."""
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, CatalogError):
            raise result
    return {result.code for result in results if isinstance(result, CatalogError)}


def test_concurrent_merges_in_a_ring(user: User, curators: list[User]) -> None:
    tracks = [make_track(user, title=str(n), artist=f"Artist {n}", album="Live") for n in range(6)]
    artists = [track.artist for track in tracks]
    for track in tracks:
        Like.objects.create(user=user, track=track)
    results = at_once(6, lambda n: merge(artists[n], artists[(n + 1) % 6], curators[n]))
    assert refused(results) <= {"gone"}
    merged = sum(isinstance(result, Change) for result in results)
    assert merged >= 1
    assert Artist.objects.count() == Album.objects.count() == 6 - merged
    assert Track.objects.count() == 6
    results = at_once(6, lambda n: merge(tracks[n], tracks[(n + 1) % 6], curators[n]))
    assert refused(results) <= {"gone"}
    left = Track.objects.count()
    assert left == 6 - sum(isinstance(result, Change) for result in results)
    assert Like.objects.count() == left


def test_concurrent_merges_of_the_same_rows_and_their_undo(user: User, curators: list[User]) -> None:
    loser, winner = make_track(user), make_track(user)
    results = at_once(6, lambda n: merge(loser, winner, curators[n]))
    assert refused(results) == {"gone"}
    change = Change.objects.get()
    results = at_once(6, lambda n: undo(change, curators[n]))
    assert refused(results) == {"already_undone"}
    assert Track.objects.count() == 2
    assert Change.objects.count() == 2


def test_edits_and_likes_while_artists_are_merged(user: User, curators: list[User]) -> None:
    tracks = [make_track(user, title=str(n), artist="Ana", album="Live") for n in range(4)]
    other = make_track(user, title="x", artist="Anna", album="Live").artist
    owner = tracks[0].artist

    def act(n: int) -> Any:
        if n == 0:
            return merge(owner, other, curators[0])
        if n == 1:
            return edit_artist(other, curators[1], {"name": "Anna T."})
        if n < 6:
            return edit(tracks[n - 2], user, {"title": f"new {n}", "artist": "Ana", "album": "Live"})
        return Like.objects.create(user=curators[n - 6], track=tracks[0])

    assert refused(at_once(8, act)) == set()
    assert {track.title for track in Track.objects.all()} == {"x", *(f"new {n}" for n in range(2, 6))}
    assert Artist.objects.filter(key="ana").count() <= 1
    for album in Album.objects.all():
        assert album.tracks.exists() or album.artist_id == other.pk
    assert tracks[0].likes.count() == 2


def test_concurrent_edits_of_the_same_value_conflict(user: User, curators: list[User]) -> None:
    track = make_track(user, title="One")
    seen = details(track)
    results = at_once(4, lambda n: edit(track, curators[n], {"title": f"by {n}"}, seen))
    assert refused(results) == {"changed_meanwhile"}
    assert sum(isinstance(result, Track) for result in results) == 1
    assert Change.objects.count() == 1


def test_concurrent_reports_make_one_open_report(user: User) -> None:
    track = make_track(user)
    results = at_once(6, lambda _n: report(track, user, Report.Reason.COVER))
    assert refused(results) == set()
    assert [new for _row, new in results].count(True) == 1
    assert Report.objects.count() == 1


def test_upload_during_a_takedown_is_refused(
    ingest_song: Ingester, make_song: SongMaker, user: User, curators: list[User]
) -> None:
    administrator = User.objects.create_superuser("admin@example.org", "a long enough one")
    taken = ingest_song(seed=1)
    files = [make_song(f"{n}.wav", seed=1, title=str(n)) for n in range(4)]

    def act(n: int) -> Any:
        if n == 0:
            return take_down(taken.track, administrator)
        return ingest(files[n - 1], filename=files[n - 1].name, user=curators[n])

    assert refused(at_once(5, act)) <= {"blocked"}
    assert Block.objects.count() == 1
    assert not Track.objects.exists()
    assert not AudioFile.objects.exists()
    for person in User.objects.all():
        assert person.stored_bytes == 0
