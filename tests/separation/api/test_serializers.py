"""Lists of tracks: rows of a list are read together."""

from typing import Any

import pytest
from django.db.models import prefetch_related_objects
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.models import User
from catalog.models import Artist
from catalog.uploads.featured_artists import credit
from separation.api.serializers import (
    SeparatedTrackSerializer,
)
from separation.selectors import separations_by_track
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db


def context(user: User) -> dict[str, Any]:
    request = Request(APIRequestFactory().get("/"))
    request.user = user
    return {"request": request}


def test_a_list_says_of_each_track_what_its_own_answer_says(
    user: User, django_assert_max_num_queries: Any
) -> None:
    tracks = [make_track(user, title=f"Song {number}") for number in range(3)]
    for track in tracks[:2]:
        credit(
            track, [Artist.objects.get_or_create_by_name("Ben"), Artist.objects.get_or_create_by_name("Zoé")]
        )
        make_separation(track)
        make_separation(track, model="compact:4stems")
    with django_assert_max_num_queries(4):
        prefetch_related_objects(tracks, "credits__artist")
        beside = {"separations": separations_by_track(tracks)}
        many: Any = SeparatedTrackSerializer(tracks, many=True, context=context(user) | beside).data
    assert many == [SeparatedTrackSerializer(track, context=context(user)).data for track in tracks]
    assert [len(row["separations"]) for row in many] == [2, 2, 0]
    assert [stem["name"] for stem in many[0]["separations"][1]["stems"]] == [
        "vocals",
        "drums",
        "bass",
        "other",
    ]
    assert [guest["name"] for guest in many[0]["artists"]] == ["Ana Torres", "Ben", "Zoé"]
