"""Nothing of somebody's own song shows to others: not found, not counted, not suggested, not corrected to."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Track, Visibility
from catalog.search.facets import Facets
from catalog.search.service import find, find_names
from catalog.uploads.ownership import change_visibility
from tests.factories import make_track

WORDS = [
    "zanzibar",
    "zanzbiar",
    "quillwright",
    "qillwright",
    "marginalia",
    "marginaila",
    "zanzibar notebook quillwright",
    "notebook",
    "z",
    "za",
]


@pytest.mark.parametrize("words", WORDS)
def test_only_the_owner_finds_it(private: Track, user: User, other: User, words: str) -> None:
    assert find(words, user).ids == [private.pk]
    found = find(words, other, hints=True)
    assert (found.ids, found.corrected, found.more) == ([], "", False)
    assert found.facets == Facets()
    assert found.artists() == []
    assert found.albums() == []


@pytest.mark.parametrize("words", WORDS)
def test_nor_by_pages_and_programs(private: Track, client: Client, api: APIClient, words: str) -> None:
    page = client.get("/", {"q": words}).content.decode().lower()
    assert "nothing found" in page
    for told in ("secretwave", "1910", "showing results", f"/tracks/{private.pk}"):
        assert told not in page
    assert api.get("/api/v1/search/", {"q": words}).json() == {
        "query": words,
        "corrected": None,
        "artists": [],
        "albums": [],
        "tracks": [],
    }
    for path in ("tracks", "artists", "albums"):
        assert api.get(f"/api/v1/{path}/", {"q": words}).json()["count"] == 0


def test_a_correction_is_a_word_that_the_reader_may_see(private: Track, other: User, user: User) -> None:
    make_track(title="Notebooks of mine")
    assert find("notebok", other).corrected == "notebooks"
    assert find("notebok", user).corrected == "notebook"


def test_facets_count_what_the_reader_may_see(private: Track, user: User, other: User) -> None:
    make_track(title="Zanzibar", genre="Folk", year=1999)
    assert [choice.value for choice in find("zanzibar", other).facets.genres] == ["folk"]
    assert {choice.value for choice in find("zanzibar", user).facets.genres} == {
        "folk",
        "secretwave",
    }


def test_sharing_and_hiding_take_effect_at_once(private: Track, other: User, api_of: Any) -> None:
    shared = change_visibility(private, Visibility.SHARED)
    assert find("zanzibar", other).ids == [private.pk]
    assert find_names("artist", "quillwright", other) == [shared.artist_id]
    change_visibility(shared, Visibility.PRIVATE)
    assert find("zanzibar", other).ids == []
    assert api_of(other).get("/api/v1/artists/", {"q": "quillwright"}).json()["count"] == 0


def test_a_private_song_of_nobody_is_found_by_nobody(private: Track, user: User, other: User) -> None:
    Track.objects.filter(pk=private.pk).update(owner=None)
    assert find("zanzibar", user).ids == find("zanzibar", other).ids == []
