"""Statements that are written once say what the query set would, whatever is put into them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import User
from catalog.models import Track, Visibility
from catalog.written import Written
from tests.factories import make_track

pytestmark = pytest.mark.django_db


def songs(reader: Any, ids: list[UUID], artists: list[UUID], title: str) -> QuerySet[Any, Any]:
    rows = Track.objects.visible_to(reader).filter(pk__in=ids, artist__in=artists).exclude(title=title)
    return rows.order_by("title").values_list("pk", "title", "album", "artist__name", "audio__duration")


def test_every_argument_goes_to_its_place(user: User, other: User) -> None:
    tracks = [make_track(user, title=f"Song {number}", artist=f"Artist {number % 2}") for number in range(4)]
    tracks.append(make_track(user, title="Song 9", album="Mine", visibility=Visibility.PRIVATE))
    ids, artists = [track.pk for track in tracks], list({track.artist_id for track in tracks})
    written = Written(songs)
    for reader in (AnonymousUser(), user, other):
        for some in (ids, ids[:1], [uuid4()], ids[1:]):
            for by in (artists, artists[:1]):
                expected = list(songs(reader, some, by, "Song 2"))
                assert written(reader, some, by, "Song 2") == expected
                assert written.of(reader, some, by, "Song 2")[1:3] == expected[1:3]
    assert written(user, ids, artists, "it's 100 % \\")[-1][1] == "Song 9"
    assert written(user, [], artists, "") == written(user, ids, [], "") == []
