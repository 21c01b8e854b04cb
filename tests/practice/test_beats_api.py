"""`tracks/ID/beats/`: reading, setting in three ways, history and undo."""

from typing import Any

import pytest
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from accounts.models import User
from catalog.curation.merging import merge
from catalog.models import Visibility
from practice.models import BeatGrid
from tests.factories import make_track
from tests.practice.conftest import BeatSetter

pytestmark = pytest.mark.django_db

EMPTY: dict[str, Any] = {
    "revision": 0,
    "editable": False,
    "tempo": None,
    "anchors": [],
    "bars": [],
    "beats": [],
    "downbeats": [],
}


def beats(track: Any) -> str:
    return f"/api/v1/tracks/{track.pk}/beats/"


def test_song_without_beats_answers_empty_lists(api: APIClient, api_of: Any, user: User) -> None:
    track = make_track(user)
    assert api.get(beats(track)).json() == EMPTY
    assert api_of(user).get(beats(track)).json() == EMPTY | {"editable": True}


def test_tempo_is_set_and_everybody_reads_the_beats(api: APIClient, api_of: Any, user: User) -> None:
    track = make_track(user, seconds=3)
    body = {"revision": 0, "tempo": 120, "beats_per_bar": 3, "downbeat": 0.75}
    answer = api_of(user).put(beats(track), body)
    assert answer.status_code == 200, answer.json()
    expected = {
        "revision": 1,
        "editable": True,
        "tempo": 120.0,
        "anchors": [{"beat": 0, "frame": 11_025}, {"beat": 5, "frame": 121_275}],
        "bars": [{"beat": 1, "beats_per_bar": 3}],
        "beats": [11_025, 33_075, 55_125, 77_175, 99_225, 121_275],
        "downbeats": [1, 4],
    }
    assert answer.json() == expected
    assert api.get(beats(track)).json() == expected | {"editable": False}


def test_answer_can_be_sent_back_and_a_moved_beat_is_one_more_anchor(api_of: Any, user: User) -> None:
    track, api = make_track(user, seconds=3), api_of(user)
    now = api.put(beats(track), {"revision": 0, "tempo": 120}).json()
    anchors = sorted([*now["anchors"], {"beat": 2, "frame": 46_000}], key=lambda each: each["beat"])
    body = {"revision": now["revision"], "anchors": anchors, "bars": now["bars"]}
    moved = api.put(beats(track), body).json()
    assert moved["beats"][:4] == [0, 23_000, 46_000, 67_417]
    again = {name: moved[name] for name in ("revision", "anchors", "bars")}
    assert api.put(beats(track), again).json() == moved


def test_taps_are_fitted(api_of: Any, user: User) -> None:
    track = make_track(user, seconds=60)
    taps = [2.0 + n * 0.5 + (0.01 if n % 2 else -0.01) for n in range(20)]
    answer = api_of(user).put(beats(track), {"revision": 0, "taps": taps, "beats_per_bar": 4})
    assert answer.status_code == 200, answer.json()
    assert abs(answer.json()["tempo"] - 120) < 0.5
    one = answer.json()["beats"][answer.json()["downbeats"][0]]
    assert min(one % 88_200, -one % 88_200) < 1_500  # as a tap at 2 s


def test_thousands_of_beats_and_their_removal(api_of: Any, user: User) -> None:
    track, api = make_track(user, seconds=3_600), api_of(user)
    anchors = [{"beat": n, "frame": 20_000 * n + n % 7} for n in range(7_000)]
    answer = api.put(
        beats(track), {"revision": 0, "anchors": anchors, "bars": [{"beat": 0, "beats_per_bar": 4}]}
    )
    assert answer.status_code == 200
    assert answer.json()["beats"] == [each["frame"] for each in anchors]
    answer = api.put(beats(track), {"revision": 1, "anchors": [], "bars": []})
    assert answer.json() == EMPTY | {"revision": 2, "editable": True}


GOOD = {
    "anchors": [{"beat": 0, "frame": 0}, {"beat": 1, "frame": 22_050}],
    "bars": [{"beat": 0, "beats_per_bar": 4}],
}


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid", "revision"),
        ({"revision": 0}, "invalid", None),
        ({"revision": 0, "tempo": 120, "taps": [0, 1, 2, 3]}, "invalid", None),
        ({"revision": 0, "tempo": "nan"}, "invalid", "tempo"),
        ({"revision": 0, "tempo": 500}, "invalid", "tempo"),
        ({"revision": 0, "tempo": 120, "beats_per_bar": 0}, "invalid", "beats_per_bar"),
        ({"revision": 0, "bpm": 120}, "invalid", "bpm"),
        ({"revision": 0, "taps": [0.5, 1.0]}, "bad_beats", "taps"),
        ({"revision": 0, "taps": [0.5] * 1_001}, "invalid", "taps"),
        ({"revision": 0, "anchors": GOOD["anchors"]}, "invalid", "bars"),
        ({"revision": 0, **GOOD, "anchors": "x"}, "invalid", "anchors"),
        ({"revision": 0, **GOOD, "anchors": [[0, 0], [1, 22_050]]}, "invalid", "anchors"),
        ({"revision": 0, **GOOD, "anchors": [{"beat": 0, "frame": True}]}, "invalid", "anchors"),
        ({"revision": 0, **GOOD, "anchors": [{"beat": 0, "frame": 0.5}]}, "invalid", "anchors"),
        ({"revision": 0, **GOOD, "anchors": [{"beat": 0, "frame": 2**31}]}, "invalid", "anchors"),
        ({"revision": 0, **GOOD, "anchors": [GOOD["anchors"][0]] * 20_001}, "invalid", "anchors"),
        ({"revision": 0, **GOOD, "bars": []}, "bad_beats", "bars"),
        (
            {"revision": 0, **GOOD, "anchors": [GOOD["anchors"][1], GOOD["anchors"][0]]},
            "bad_beats",
            "anchors",
        ),
    ],
)
def test_bodies_that_are_refused(
    api_of: Any, user: User, body: dict[str, Any], code: str, field: str | None
) -> None:
    answer = api_of(user).put(beats(make_track(user, seconds=3)), body)
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.json()
    assert list(answer.json().get("fields", {})) == ([field] if field else [])
    assert not BeatGrid.objects.exists()


def test_only_owner_and_curators_may_set(
    api: APIClient, api_of: Any, user: User, other: User, curator: User
) -> None:
    track, body = make_track(user, seconds=3), {"revision": 0, "tempo": 120}
    assert api.put(beats(track), body).status_code == 401
    answer = api_of(other).put(beats(track), body)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")
    assert api_of(curator).put(beats(track), body).status_code == 200
    answer = api_of(user).put(beats(track), body)
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")


def test_rate_of_changes_is_limited(api_of: Any, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {**SimpleRateThrottle.THROTTLE_RATES, "beats": "1/hour"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    track, api = make_track(user, seconds=3), api_of(user)
    assert api.put(beats(track), {"revision": 0, "tempo": 120}).status_code == 200
    assert api.put(beats(track), {"revision": 1, "tempo": 90}).status_code == 429
    assert api.get(beats(track)).status_code == 200


def test_private_songs_are_unknown_to_others(
    api: APIClient, api_of: Any, user: User, other: User, curator: User, set_beats: BeatSetter
) -> None:
    track = make_track(user, seconds=3, visibility=Visibility.PRIVATE)
    set_beats(track, user)
    for client in (api, api_of(other), api_of(curator)):
        assert client.get(beats(track)).status_code == 404
    for client in (api_of(other), api_of(curator)):
        assert client.put(beats(track), {"revision": 1, "tempo": 90}).status_code == 404
        assert client.get(f"{beats(track)}history/").status_code == 404
    assert api_of(user).get(beats(track)).json()["revision"] == 1


def test_history_lists_beats_alone_and_undo_brings_them_back(
    api: APIClient, api_of: Any, user: User, set_beats: BeatSetter
) -> None:
    from catalog.curation.editing import edit  # noqa: PLC0415

    track, mine = make_track(user, seconds=3), api_of(user)
    edit(track, user, {"title": "Another"})
    set_beats(track, user)
    set_beats(track, user, tempo=90)
    assert api.get(f"{beats(track)}history/").status_code == 401
    rows = mine.get(f"{beats(track)}history/").json()["results"]
    assert len(rows) == 2
    assert rows[0]["before"] == {"beats": {"tempo": 120.0, "beats_per_bar": 4, "beats": 6}}
    assert rows[1]["before"] == {"beats": None}
    assert len(mine.get(f"/api/v1/tracks/{track.pk}/history/").json()["results"]) == 3
    assert mine.post(f"/api/v1/changes/{rows[0]['id']}/undo/").status_code == 200
    assert mine.get(beats(track)).json()["tempo"] == 120.0


def test_merged_song_answers_with_the_new_address(api: APIClient, user: User, curator: User) -> None:
    loser, winner = make_track(user), make_track(user)
    merge(loser, winner, curator)
    answer = api.get(beats(loser))
    assert (answer.status_code, answer["Location"]) == (301, f"http://testserver{beats(winner)}")
