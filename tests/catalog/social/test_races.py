"""Many at the same moment: one wish, one like, one claim, and setlists whose numbers stay right."""

import pytest

from accounts.models import User
from catalog.models import Like, Notice, Wish
from catalog.social import likes, setlists, wishes
from catalog.uploads.checksum_lookup import claim
from tests.catalog.races import at_once
from tests.factories import make_track

pytestmark = pytest.mark.django_db(transaction=True)


def test_concurrent_wishes_make_one_with_every_voice() -> None:
    people = [User.objects.create_user(f"p{n}@example.org") for n in range(6)]
    found = at_once(6, lambda n: wishes.wish(people[n], "Ana", "Orilla").pk)
    assert len(set(found)) == 1
    assert Wish.objects.get().wanted == 6
    track = make_track(artist="Ana", title="Orilla")
    assert at_once(4, lambda _n: wishes.fulfil_by_name(track)) == [None] * 4
    assert Notice.objects.count() == 6, "everybody is told once"


def test_concurrent_likes_and_claims_make_one_row(user: User, other: User) -> None:
    track = make_track(other)
    assert at_once(4, lambda _n: likes.like(track, user)) == [None] * 4
    assert Like.objects.count() == 1
    found = at_once(4, lambda _n: claim(track.audio.checksum, "song.flac", user))
    assert found == [track] * 4
    assert user.uploads.count() == 1


def test_concurrent_changes_keep_setlist_positions(user: User) -> None:
    setlist = setlists.make(user, "Friday")
    tracks = [make_track(title=str(n)) for n in range(6)]
    entries = at_once(6, lambda n: setlists.add(setlist, tracks[n]))
    assert sorted(entry.position for entry in entries) == [1, 2, 3, 4, 5, 6]
    moved = at_once(6, lambda n: setlists.move(entries[n], 6 - n))
    assert moved == [None] * 6
    assert [entry.position for entry in setlist.entries.all()] == [1, 2, 3, 4, 5, 6]
