"""Loops, presets, one's part, and what the player asks for in one call."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from catalog.curation.merging import merge
from catalog.curation.revert import undo
from catalog.models import Visibility
from catalog.social import setlists
from practice import loops, presets
from practice.models import Loop, MyPart, Preset
from tests.factories import make_track
from tests.practice.conftest import BeatSetter

pytestmark = pytest.mark.django_db

SOLO = {"name": "Solo", "from": 12.5, "to": 20.25}
SETTINGS = {
    "speed": 0.8,
    "semitones": -2.0,
    "cents": 10.0,
    "click": 0.7,
    "countin": 1,
    "from": 1.5,
    "to": 2.0,
    "stems": {"vocals": {"volume": 0.5, "pan": -0.2, "muted": False, "solo": True}},
}


def of(track: Any, name: str) -> str:
    return f"/api/v1/tracks/{track.pk}/{name}/"


def test_loops_are_kept_changed_and_deleted(api_of: Any, user: User) -> None:
    track, api = make_track(user, seconds=30), api_of(user)
    later = api.post(of(track, "loops"), SOLO | {"speed": 0.8, "semitones": -2})
    assert later.status_code == 201, later.json()
    expected = SOLO | {"id": later.json()["id"], "speed": 0.8, "semitones": -2.0, "cents": None}
    assert later.json() == expected
    first = api.post(of(track, "loops"), {"name": "Verse", "from": 1, "to": 9}).json()
    assert api.get(of(track, "loops")).json() == [first, expected]
    one = f"{of(track, 'loops')}{expected['id']}/"
    assert api.patch(one, {"to": 21, "speed": None}).json() == expected | {"to": 21.0, "speed": None}
    assert api.delete(one).status_code == 204
    assert api.get(of(track, "loops")).json() == [first]
    assert api.delete(one).status_code == 404


def test_loops_are_private(api: APIClient, api_of: Any, user: User, other: User) -> None:
    track = make_track(user, seconds=30)
    made = api_of(user).post(of(track, "loops"), SOLO).json()
    assert api.get(of(track, "loops")).status_code == 401
    assert api_of(other).get(of(track, "loops")).json() == []
    one = f"{of(track, 'loops')}{made['id']}/"
    assert api_of(other).patch(one, {"name": "x"}).status_code == 404
    assert api_of(other).delete(one).status_code == 404
    elsewhere = f"{of(make_track(user), 'loops')}{made['id']}/"
    assert api_of(user).delete(elsewhere).status_code == 404
    hidden = make_track(user, visibility=Visibility.PRIVATE)
    assert api_of(other).post(of(hidden, "loops"), SOLO).status_code == 404
    assert api_of(user).patch(f"{of(track, 'loops')}x/", {}).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"from": 1, "to": 2}, "name"),
        ({"name": " ", "from": 1, "to": 2}, "name"),
        ({"name": "x" * 81, "from": 1, "to": 2}, "name"),
        ({"name": "x", "to": 2}, "from"),
        ({"name": "x", "from": 2, "to": 2}, "to"),
        ({"name": "x", "from": -1, "to": 2}, "from"),
        ({"name": "x", "from": "nan", "to": 2}, "from"),
        ({"name": "x", "from": 1, "to": 2, "speed": 3}, "speed"),
        ({"name": "x", "from": 1, "to": 2, "key": 3}, "key"),
    ],
)
def test_loops_that_are_refused(api_of: Any, user: User, body: dict[str, Any], field: str) -> None:
    answer = api_of(user).post(of(make_track(user), "loops"), body)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_a_changed_loop_still_ends_after_its_beginning(api_of: Any, user: User) -> None:
    track, api = make_track(user), api_of(user)
    one = f"{of(track, 'loops')}{api.post(of(track, 'loops'), SOLO).json()['id']}/"
    assert list(api.patch(one, {"from": 30}).json()["fields"]) == ["to"]
    assert api.patch(one, {"from": 30, "to": 31}).status_code == 200


def test_number_of_loops_is_limited(api_of: Any, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "MOST_LOOPS", 1)
    track, api = make_track(user), api_of(user)
    assert api.post(of(track, "loops"), SOLO).status_code == 201
    answer = api.post(of(track, "loops"), SOLO)
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_loops")
    assert api.post(of(make_track(user), "loops"), SOLO).status_code == 201


def test_preset_is_kept_replaced_and_deleted(api_of: Any, user: User, other: User) -> None:
    track, api = make_track(user), api_of(user)
    assert api.get(of(track, "preset")).status_code == 404
    answer = api.put(of(track, "preset"), SETTINGS)
    assert (answer.status_code, answer.json()) == (200, SETTINGS)
    assert api.get(of(track, "preset")).json() == SETTINGS
    assert api_of(other).get(of(track, "preset")).status_code == 404
    assert api.put(of(track, "preset"), {"speed": 0.9}).json() == {"speed": 0.9}
    assert api.get(of(track, "preset")).json() == {"speed": 0.9}
    assert Preset.objects.count() == 1
    assert api.delete(of(track, "preset")).status_code == 204
    assert api.get(of(track, "preset")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tempo": 1}, "tempo"),
        ({"speed": 0.4}, "speed"),
        ({"speed": "inf"}, "speed"),
        ({"semitones": 13}, "semitones"),
        ({"cents": 51}, "cents"),
        ({"countin": 3}, "countin"),
        ({"from": 1}, "to"),
        ({"from": 2, "to": 1}, "to"),
        ({"stems": {"vocals": {"gain": 1}}}, "stems"),
        ({"stems": {"vocals": {"volume": 2.1}}}, "stems"),
        ({"stems": {"Vocals!": {}}}, "stems"),
        ({"stems": {f"s{n}": {} for n in range(25)}}, "stems"),
        ({"stems": []}, "stems"),
    ],
)
def test_settings_that_are_refused(api_of: Any, user: User, body: dict[str, Any], field: str) -> None:
    answer = api_of(user).put(of(make_track(user), "preset"), body)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_part_is_kept_per_person(api: APIClient, api_of: Any, user: User, other: User) -> None:
    mine = api_of(user)
    assert api.get("/api/v1/me/practice/").status_code == 401
    assert mine.get("/api/v1/me/practice/").json() == {"instrument": "", "my_part": ""}
    assert mine.put("/api/v1/me/practice/", {"instrument": "bass"}).json()["instrument"] == "bass"
    answer = mine.put("/api/v1/me/practice/", {"my_part": "without"})
    assert answer.json() == {"instrument": "bass", "my_part": "without"}
    assert api_of(other).get("/api/v1/me/practice/").json() == {"instrument": "", "my_part": ""}
    for body in ({"instrument": "kazoo"}, {"my_part": "x"}, {"part": "bass"}):
        assert mine.put("/api/v1/me/practice/", body).status_code == 400
    assert mine.put("/api/v1/me/practice/", {"instrument": ""}).json()["instrument"] == ""


def test_player_gets_all_in_one_call(api: APIClient, api_of: Any, user: User, set_beats: BeatSetter) -> None:
    track, mine = make_track(user, seconds=3), api_of(user)
    set_beats(track, user)
    loop = mine.post(of(track, "loops"), SOLO).json()
    mine.put(of(track, "preset"), SETTINGS)
    mine.put("/api/v1/me/practice/", {"instrument": "bass", "my_part": "louder"})
    visitor = api.get(of(track, "practice")).json()
    assert visitor == {
        "beats": api.get(of(track, "beats")).json(),
        "loops": [],
        "preset": None,
        "entry": None,
        "instrument": "",
        "my_part": "",
    }
    assert mine.get(of(track, "practice")).json() == {
        "beats": visitor["beats"] | {"editable": True},
        "loops": [loop],
        "preset": SETTINGS,
        "entry": None,
        "instrument": "bass",
        "my_part": "louder",
    }


def test_setlist_entries_keep_how_they_are_played(api: APIClient, api_of: Any, user: User) -> None:
    track, mine = make_track(user), api_of(user)
    setlist = setlists.make(user, "Friday")
    address = f"/api/v1/setlists/{setlist.pk}/"
    added = mine.post(f"{address}entries/", {"track": str(track.pk), "settings": {"speed": 0.9}}).json()
    assert added["entries"][0]["settings"] == {"speed": 0.9}
    assert mine.post(f"{address}entries/", {"track": str(track.pk)}).json()["entries"][1]["settings"] == {}
    first, second = (entry["id"] for entry in added["entries"] + mine.get(address).json()["entries"][1:])
    changed = mine.patch(f"{address}entries/{second}/", {"settings": SETTINGS}).json()
    assert [entry["settings"] for entry in changed["entries"]] == [{"speed": 0.9}, SETTINGS]
    assert mine.patch(f"{address}entries/{second}/", {"settings": {"x": 1}}).status_code == 400
    practice = of(track, "practice")
    assert mine.get(practice, {"setlist": str(setlist.pk), "entry": second}).json()["entry"] == SETTINGS
    assert mine.get(practice, {"setlist": str(setlist.pk)}).json()["entry"] == {"speed": 0.9}
    assert mine.get(practice, {"setlist": str(setlist.pk), "entry": first}).json()["entry"] == {"speed": 0.9}
    assert api.get(practice, {"setlist": setlist.link, "entry": second}).json()["entry"] is None
    setlists.share(setlist, by_link=True)
    assert api.get(practice, {"setlist": setlist.link, "entry": second}).json()["entry"] == SETTINGS
    mine.patch(f"{address}entries/{second}/", {"settings": {}})
    assert mine.get(practice, {"setlist": str(setlist.pk), "entry": second}).json()["entry"] is None


def test_settings_of_an_entry_are_hidden_with_its_song(api: APIClient, user: User, other: User) -> None:
    setlist = setlists.make(user, "Friday")
    setlists.add(setlist, make_track(user, visibility=Visibility.PRIVATE), "capo", {"speed": 0.5})
    setlists.share(setlist, by_link=True)
    entry = api.get(f"/api/v1/setlists/shared/{setlist.link}/").json()["entries"][0]
    assert (entry["track"], entry["note"], entry["settings"]) == (None, "", {})


def test_merge_moves_loops_and_presets_and_undo_brings_them_back(
    user: User, other: User, curator: User
) -> None:
    loser, winner = make_track(user), make_track(user)
    values = {"name": "Solo", "start": 1.0, "stop": 2.0}
    loops.add_loop(loser, user, values)
    loops.add_loop(winner, user, values)
    for track, person, speed in ((loser, user, 0.7), (winner, user, 0.8), (loser, other, 0.9)):
        presets.save_preset(track, person, {"speed": speed})
    change = merge(loser, winner, curator)
    assert loops.loops_of(winner, user).count() == 2
    assert presets.preset_of(winner, user) == {"speed": 0.8}
    assert presets.preset_of(winner, other) == {"speed": 0.9}
    undo(change, curator)
    assert presets.preset_of(loser, user) == {"speed": 0.7}
    assert presets.preset_of(loser, other) == {"speed": 0.9}
    assert loops.loops_of(loser, user).count() == loops.loops_of(winner, user).count() == 1


def test_what_somebody_kept_goes_with_their_account(user: User, other: User) -> None:
    track = make_track(other)
    loops.add_loop(track, user, {"name": "Solo", "start": 1.0, "stop": 2.0})
    presets.save_preset(track, user, {"speed": 0.7})
    presets.save_part(user, {"instrument": "bass"})
    user.delete()
    assert not any(model.objects.exists() for model in (Loop, Preset, MyPart))
