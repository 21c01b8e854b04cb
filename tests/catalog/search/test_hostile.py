"""Whatever is typed, the answer is a page."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from catalog.models import Album, Artist, Track
from catalog.search.index import found_in_index
from catalog.search.service import find
from tests.catalog.search.conftest import Titles

TYPED = [
    '"',
    "'",
    '"beatles',
    "beatles'",
    "'; DROP TABLE catalog_track; --",
    "AND",
    "OR",
    "NOT beatles",
    "beatles AND NOT",
    "NEAR(beatles help)",
    "name:help",
    "help*",
    "^help",
    "-help",
    "help:*",
    "help & !beatles | (",
    "\\",
    "a\\'b",
    "#g#rock",
    "#d1960",
    "%",
    "🎸",
    "🎸🎸 help",
    "!!!",
    "\u202ehelp",
    "x" * 200,
    "a " * 100,
    "\ud7ff\uffff",
    "ﷺ",
    "\u19b0",
    "x\u19b0x \u180e",
    "e\u0301" * 90,
    "🇪🇸",
]


@pytest.mark.parametrize("typed", TYPED)
def test_anything_can_be_typed(songs: dict[str, Track], client: Client, api: APIClient, typed: str) -> None:
    assert client.get("/", {"q": typed}).status_code == 200
    assert client.get("/", {"q": typed, "fragment": "results", "page": "x"}).status_code == 200
    assert api.get("/api/v1/search/", {"q": typed}).status_code in {200, 400}
    for rows in (Artist.objects, Album.objects, Track.objects):
        list(found_in_index(rows.all(), rows.model.__name__.lower(), typed))
    for limit in (list(songs.values())[:1], []):
        find(typed, AnonymousUser(), within=("artist", limit[0].artist_id) if limit else None)


def test_operators_are_words(songs: dict[str, Track], titles: Titles) -> None:
    assert titles("NOT beatles") == []
    assert titles("help OR") == []
    assert titles('"help"') == titles("help*") == titles("^help") == ["Help!"]


def test_nul_is_refused_or_passed_over(songs: dict[str, Track], client: Client, api: APIClient) -> None:
    assert client.get("/?q=he%00lp&genre=%00&model=%00").status_code == 200
    assert api.get("/api/v1/search/?q=he%00lp").status_code == 400


@pytest.mark.parametrize(
    "query",
    ["model=x", "model=%27", "genre=%27", "genre=!!!", "decade=x", "decade=19", "decade=99999", "page=-1"],
)
def test_filters_that_make_no_sense(songs: dict[str, Track], client: Client, query: str) -> None:
    for address in (f"/?q=help&{query}", f"/?{query}"):
        assert client.get(address).status_code == 200


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(max_size=40))
def test_any_text(db: None, typed: str) -> None:
    find(typed.replace("\0", ""), AnonymousUser())
