"""`/tracks/ID/beats/`: the page with which beats are set and changed."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import User
from catalog.models import Visibility
from practice.beat_editing import beat_changes, beats_of
from tests.factories import make_separation, make_track
from tests.practice.conftest import BeatSetter

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def page_of(track: Any) -> str:
    return f"/tracks/{track.pk}/beats/"


def post(client: Client, track: Any, do: str, **values: Any) -> Any:
    revision = beats_of(track).revision
    return client.post(page_of(track), {"do": do, "revision": revision, **values})


def test_page_is_for_those_who_may_edit(client: Client, user: User, other: User, curator: User) -> None:
    track = make_track(user, seconds=20)
    private = make_track(user, seconds=20, visibility=Visibility.PRIVATE)
    assert client.get(page_of(track)).status_code == 302  # to sign in
    for person, statuses in ((user, (200, 200)), (curator, (200, 404)), (other, (403, 404))):
        client.force_login(person)
        assert (client.get(page_of(track)).status_code, client.get(page_of(private)).status_code) == statuses


def test_song_links_to_its_beats_for_those_who_may_edit(client: Client, user: User) -> None:
    track = make_track(user)
    assert page_of(track) not in client.get(f"/tracks/{track.pk}/").content.decode()
    client.force_login(user)
    assert page_of(track) in client.get(f"/tracks/{track.pk}/").content.decode()


def test_everything_by_form(mine: Client, user: User) -> None:
    track = make_track(user, seconds=20)
    answer = post(mine, track, "tempo", tempo="120", beats_per_bar="4", downbeat="0.5")
    assert answer["Location"] == page_of(track)
    grid = beats_of(track).grid
    assert grid is not None
    assert (grid.beats[:2], grid.downbeats[:2], grid.count) == ([0, 22_050], [1, 5], 40)
    post(mine, track, "move", beat="5", seconds="2.1")
    post(mine, track, "move", beat="7", seconds="3.1", alone="on")
    post(mine, track, "bars", beat="3", beats_per_bar="3", everywhere="on")
    post(mine, track, "shift", milliseconds="-10")
    grid = beats_of(track).grid
    assert grid is not None
    assert grid.beats[3] == 92_610 - 441  # the first beat went with the shift
    assert grid.downbeats[:2] == [1, 4]
    post(mine, track, "from", beat="9", tempo="60")
    grid = beats_of(track).grid
    assert grid is not None
    assert grid.beats[10] - grid.beats[8] == 88_200
    count = grid.count
    post(mine, track, "double")
    assert beats_of(track).grid.count == 2 * count - 1  # type: ignore[union-attr]  # there is one
    post(mine, track, "halve")
    assert beats_of(track).grid == grid
    post(mine, track, "remove")
    assert beats_of(track).grid is None
    assert beat_changes(track, user).count() == 9


def test_taps_by_form(mine: Client, user: User) -> None:
    track = make_track(user, seconds=60)
    taps = json.dumps([1 + n * 0.6 for n in range(12)])
    assert post(mine, track, "taps", taps=taps, beats_per_bar="3").status_code == 302
    grid = beats_of(track).grid
    assert grid is not None
    assert abs(grid.tempo - 100) < 0.01


@pytest.mark.parametrize(
    ("do", "values", "sentence"),
    [
        ("tempo", {"tempo": "9", "beats_per_bar": "4", "downbeat": "0"}, "greater than or equal to 20"),
        ("tempo", {}, "This field is required"),
        ("move", {"beat": "2", "seconds": "0"}, "too close to the one before"),
        ("move", {"beat": "9999", "seconds": "1"}, "There is no beat of this number"),
        ("bars", {"beat": "0", "beats_per_bar": "4"}, "greater than or equal to 1"),
        ("taps", {"taps": "[1, 2]", "beats_per_bar": "4"}, "Tap at least four beats"),
        ("taps", {"taps": "[null]", "beats_per_bar": "4"}, "Tap at least four beats"),
        ("taps", {"taps": json.dumps([1.5] * 1_001), "beats_per_bar": "4"}, "too many taps"),
        ("shift", {"milliseconds": "-99999"}, "greater than or equal to -10000"),
    ],
)
def test_what_cannot_be_is_said_beside_its_form(
    mine: Client, user: User, set_beats: BeatSetter, do: str, values: dict[str, str], sentence: str
) -> None:
    track = make_track(user, seconds=20)
    make_separation(track)
    grid = set_beats(track, user)
    answer = post(mine, track, do, **values)
    assert answer.status_code == 200
    form = re.search(
        rf'<form class="beats-form"(?:(?!</form>).)*value="{do}">', answer.content.decode(), re.DOTALL
    )
    assert form is not None
    assert sentence in form[0]
    assert beats_of(track).grid == grid


@pytest.mark.parametrize(
    "values", [{"do": "move", "revision": "0", "beat": "1", "seconds": "0"}, {"do": "nothing"}]
)
def test_changing_beats_that_are_not_there(mine: Client, user: User, values: dict[str, str]) -> None:
    track = make_track(user, seconds=20)
    assert mine.post(page_of(track), values).status_code == 200
    assert beats_of(track).grid is None


@pytest.mark.parametrize("seen", ["0", "", "x"])
def test_change_of_somebody_else_is_not_overwritten(
    mine: Client, user: User, curator: User, set_beats: BeatSetter, seen: str
) -> None:
    track = make_track(user, seconds=20)
    grid = set_beats(track, curator)
    values = {"tempo": "90", "beats_per_bar": "4", "downbeat": "0"}
    answer = mine.post(page_of(track), {"do": "tempo", "revision": seen, **values})
    assert "Somebody else has changed this in the meantime" in answer.content.decode()
    assert beats_of(track).grid == grid
    assert 'name="revision" value="1"' in answer.content.decode()


def test_bars_lead_to_the_form_that_moves_a_beat(mine: Client, user: User, set_beats: BeatSetter) -> None:
    track = make_track(user, seconds=60)
    set_beats(track, user, downbeat=22_050)
    page = mine.get(page_of(track)).content.decode()
    assert "Pickup" in page
    assert 'href="?beat=3#move"' in page
    page = mine.get(page_of(track), {"beat": "3"}).content.decode()
    assert re.search(r'<input[^>]*name="beat"[^>]*value="3"[^>]*id="move_beat"', page)
    assert re.search(r'<input[^>]*name="seconds"[^>]*value="1.000"', page)
    for beat in ("0", "x", "99999999999", "²"):
        assert mine.get(page_of(track), {"beat": beat}).status_code == 200
    later = mine.get(page_of(track), {"page": "2"}).content.decode()
    assert 'href="?page=2&amp;beat=99#move"' in later


def test_history_on_the_page_is_undone_there(mine: Client, user: User, set_beats: BeatSetter) -> None:
    track = make_track(user, seconds=20)
    set_beats(track, user)
    page = mine.get(page_of(track)).content.decode()
    assert "120 beats a minute, 4 beats a bar" in page
    change = beat_changes(track, user).get()
    answer = mine.post(f"/changes/{change.pk}/undo/", {"next": page_of(track)})
    assert answer["Location"] == page_of(track)
    assert beats_of(track).grid is None
    assert "120 beats a minute" in mine.get(f"/tracks/{track.pk}/history/").content.decode()


def test_song_is_played_once_it_has_been_separated(mine: Client, user: User) -> None:
    track = make_track(user, seconds=20)
    assert "<audio" not in mine.get(page_of(track)).content.decode()
    separation = make_separation(track)
    page = mine.get(page_of(track)).content.decode()
    assert f'src="/api/v1/separations/{separation.pk}/mix/?codec=mp3"' in page


def test_page_keeps_numbers_readable_for_forms_in_spanish(
    mine: Client, user: User, set_beats: BeatSetter
) -> None:
    track = make_track(user, seconds=20)
    set_beats(track, user, tempo=99.5)
    with translation.override("es"):
        page = mine.get(page_of(track), headers={"accept-language": "es"}).content.decode()
    assert re.search(r'<input[^>]*name="tempo"[^>]*value="99.5"', page)
