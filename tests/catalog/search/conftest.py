"""A small library in which names come in several spellings."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from catalog.models import Track, Visibility
from catalog.search.service import find
from tests.factories import make_track

SONGS = [
    ("Here Comes the Sun", "The Beatles", "Abbey Road", 1969, "Rock"),
    ("Help!", "The Beatles", "Help!", 1965, "Rock"),
    ("Canción de agua", "Ana Ríos", "Orilla", 2019, "Folk"),
    ("Don't Stop Me Now", "Queen", "Jazz", 1978, "Rock"),
    ("Dancing Queen", "ABBA", "Arrival", 1976, "Pop"),
    ("Thunderstruck", "AC/DC", "The Razors Edge", 1990, "Hard Rock"),
    ("Army of Me", "Björk", "Post", 1995, "Electronic"),
    ("Одинокая звезда", "Кино", "", None, ""),
    ("!!!", "Chk", "", None, ""),
    ("Łódź", "Nobody", "", None, ""),
    ("Sunday", "MØ", "", None, ""),
    ("Vibe Ace", "Kevin MacLeod", "", None, ""),
]

Titles = Callable[..., list[str]]


@pytest.fixture
def songs(db: None) -> dict[str, Track]:
    rows = {}
    for title, artist, album, year, genre in SONGS:
        rows[title] = make_track(title=title, artist=artist, album=album, year=year, genre=genre)
    return rows


@pytest.fixture
def titles(db: None) -> Titles:
    """``titles("words", user)``: what is found, the best first."""

    def search(words: str, user: Any = None, **options: Any) -> list[str]:
        found = find(words, user or AnonymousUser(), **options)
        return [row.title for row in found.tracks(Track.objects.all())]

    return search


@pytest.fixture
def private(user: User) -> Track:
    """Somebody's own song, with words that nothing else has."""
    return make_track(
        user,
        title="Zanzibar Notebook",
        artist="Quillwright",
        album="Marginalia",
        genre="Secretwave",
        year=1911,
        visibility=Visibility.PRIVATE,
    )
