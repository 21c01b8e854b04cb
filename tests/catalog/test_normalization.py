"""Which names are one, by script. The browser's folding is tested with the same table, ``folding.json``."""
# ruff: noqa: RUF001  # letters of many scripts

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from catalog.curation.merging import merge
from catalog.models import Album, Artist, Track, Wish
from catalog.normalization import fold, initial, sort_key
from catalog.search.reindex import fold_names
from catalog.search.service import find
from tests.factories import make_track

TABLE: list[dict[str, Any]] = json.loads(Path(__file__).with_name("folding.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["script"])
def test_keys_by_script(row: dict[str, Any]) -> None:
    assert fold(row["name"]) == row["key"]
    assert sort_key(row["name"]) == row["folded"]
    assert {fold(name) for name in row["same"]} <= {row["key"]}
    assert row["key"] not in {fold(name) for name in row["others"]}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Canción, La", "cancion la"),
        ("  AC/DC ", "ac dc"),
        ("!!!", "!!!"),
        ("❤️ 1️⃣", "1"),
        ("ℂat № 5", "cat no 5"),
        ("", ""),
    ],
)
def test_signs_and_spaces(name: str, key: str) -> None:
    assert fold(name) == key


@given(st.text(max_size=30))
def test_a_key_is_its_own_key_whatever_the_case(name: str) -> None:
    key = fold(name)
    assert fold(key) == key
    if any(map(str.isalnum, key)):
        assert fold(name.upper()) == key


@pytest.mark.django_db
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["script"])
def test_artists_by_script(row: dict[str, Any]) -> None:
    artist = Artist.objects.get_or_create_by_name(row["name"])
    assert {Artist.objects.get_or_create_by_name(name) for name in row["same"]} <= {artist}
    others = {Artist.objects.get_or_create_by_name(name) for name in row["others"]}
    assert artist not in others
    assert len({other.key for other in others}) == len(others)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "typed", "letter"),
    [
        ("MØ", "mo", "m"),
        ("Łona", "lona", "l"),
        ("Đorđe", "dorde", "d"),
        ("Weißmann", "weissmann", "w"),
        ("Ærlig", "aerlig", "a"),
    ],
)
def test_letters_of_their_own_are_found_and_sorted_by_plain_ones(
    client: Client, user: User, name: str, typed: str, letter: str
) -> None:
    track = make_track(user, title=f"Sang: {name}", artist=name)
    assert find(typed, AnonymousUser()).ids == [track.pk]
    assert track.artist.slug == typed
    assert track.artist.initial == initial(track.artist.sort_key) == letter
    client.force_login(user)
    assert name in client.get(reverse("library"), {"q": typed}).content.decode()


@pytest.mark.django_db
def test_an_artist_keeps_the_letters_of_their_name() -> None:
    make_track(title="Final Song", artist="MØ")
    track = make_track(title="Capitals", artist="MO")
    assert str(track.artist) == "MO"
    assert str(make_track(title="Small", artist="Mø").artist) == "MØ"


def _as_before(name: str) -> str:
    """A key as it was once written, without vowel signs."""
    return {"दिल": "द ल", "MØ": "mo", "Sør": "sor", "क्\u200dष": "क ष", "क्ष": "क ष 2"}[name]


@pytest.mark.django_db
def test_fold_names_rewrites_keys_and_merges_nothing(user: User) -> None:
    tracks = [make_track(title=name, artist=name, album=name) for name in ("दिल", "क्ष")]
    mo = Artist.objects.get_or_create_by_name("MØ")
    merge(
        Artist.objects.get_or_create_by_name("Sør"),
        mo,
        User.objects.create_superuser("admin@example.org", "x"),
    )
    taken = Artist.objects.create(name="X")
    wish = Wish.objects.create(artist="दिल", title="दुल")
    for artist in (*(track.artist for track in tracks), mo):
        Artist.objects.filter(pk=artist.pk).update(key=_as_before(artist.name), sort_key="x", initial="x")
    Artist.objects.filter(pk=taken.pk).update(name="क्\u200dष", key=_as_before("क्\u200dष"))
    Album.objects.filter(title="दिल").update(key="द ल")
    Track.objects.update(title_key="x")
    Wish.objects.update(key="द ल/द ल")
    fold_names()
    keys = dict(Artist.objects.values_list("pk", "key"))
    assert keys == {tracks[0].artist_id: "दिल", tracks[1].artist_id: "क्ष", mo.pk: "mø", taken.pk: "क ष"}
    assert set(Album.objects.values_list("key", flat=True)) == {"दिल", "क्ष"}
    assert set(Track.objects.values_list("title_key", flat=True)) == {"दिल", "क्ष"}
    assert Wish.objects.get().key == wish.key == "दिल/दुल"
    mo.refresh_from_db()
    assert (mo.sort_key, mo.initial) == ("mo", "m")
    assert Artist.objects.get_or_create_by_name("Sør") == mo
    assert fold_names() == 0
