"""The same by API."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from catalog.curation import reports
from catalog.curation.fields import details
from catalog.models import Change, Notice, Report, Track, Visibility
from tests.factories import make_track

pytestmark = pytest.mark.django_db

API = "/api/v1"


def test_edit_track_through_the_api(api_of: Any, user: User) -> None:
    track = make_track(user, album="Orilla")
    answer = api_of(user).patch(
        f"{API}/tracks/{track.pk}/",
        {"artists": ["Ana Ríos", "Ben"], "track_number": 3, "disc_number": None, "album_artist": "Various"},
    )
    assert answer.status_code == 200
    track.refresh_from_db()
    now = details(track)
    assert (now["artist"], now["guests"], now["album_artist"]) == ("Ana Ríos", ["Ben"], "Various")
    assert (now["track_number"], now["disc_number"]) == (3, None)
    refused = api_of(user).patch(f"{API}/tracks/{track.pk}/", {"artists": [], "track_number": 0})
    assert (refused.status_code, set(refused.data["fields"])) == (400, {"artists", "track_number"})


def test_edit_artists_and_albums_through_the_api(
    api: APIClient, api_of: Any, user: User, curator: User
) -> None:
    track = make_track(user, artist="Ana", album="Orilla")
    other = make_track(user, artist="Eva").artist
    places = [
        (f"{API}/artists/{track.artist_id}/", {"name": "Ann"}),
        (f"{API}/albums/{track.album_id}/", {"year": 1999}),
    ]
    for address, changes in places:
        assert api.patch(address, changes).status_code == 401
        refused = api_of(user).patch(address, changes)
        assert (refused.status_code, refused.data["code"]) == (403, "not_yours")
        assert refused.data["detail"] == "Only curators may do this."
        assert api_of(curator).patch(address, changes).status_code == 200
        assert api.get(address).status_code == 200
    taken = api_of(curator).patch(f"{API}/artists/{other.pk}/", {"name": "ann"})
    assert (taken.status_code, taken.data["code"]) == (409, "name_taken")
    assert api_of(curator).patch(f"{API}/artists/{uuid.uuid4()}/", {}).status_code == 404


@pytest.mark.parametrize("kind", ["artists", "albums", "tracks"])
def test_merge_history_undo(api: APIClient, api_of: Any, user: User, curator: User, kind: str) -> None:
    one, two = (make_track(user, title="One", artist=name, album="Live") for name in ("A", "B"))
    field = {"artists": "artist_id", "albums": "album_id", "tracks": "pk"}[kind]
    loser, winner = getattr(one, field), getattr(two, field)
    merging = f"{API}/{kind}/{loser}/merge/"
    assert api.post(merging, {"into": winner}).status_code == 401
    assert api_of(user).post(merging, {"into": winner}).data["code"] == "not_yours"
    assert api_of(curator).post(merging, {"into": "x"}).status_code == 400
    assert api_of(curator).post(merging, {"into": uuid.uuid4()}).status_code == 404
    assert api_of(curator).post(merging, {"into": loser}).data["code"] == "same"
    merged = api_of(curator).post(merging, {"into": winner})
    assert (merged.status_code, merged.data["kind"], merged.data["before"]) == (200, "merge", {})
    assert api_of(curator).post(merging, {"into": winner}).status_code == 404

    story = f"{API}/{kind}/{winner}/history/"
    assert api.get(story).status_code == 401
    listed = api_of(user).get(story).data
    assert listed["count"] == 1
    assert (listed["results"][0]["who"], listed["results"][0]["undone"]) == ("Cleo", False)

    if kind != "tracks":
        former = {kind.removesuffix("s"): loser}
        assert api.get(f"{API}/tracks/", former).data["count"] == 2
        assert api.get(f"{API}/tracks/", former | {"q": "one"}).data["count"] == 2
    if kind == "artists":
        assert (
            api.get(f"{API}/albums/", {"artist": loser}).data["count"]
            == api.get(f"{API}/albums/").data["count"]
        )

    undoing = f"{API}/changes/{merged.data['id']}/undo/"
    assert api.post(undoing).status_code == 401
    refused = api_of(user).post(undoing)
    assert refused.status_code == 403
    assert refused.data["detail"] == "Only curators may do this."
    assert api_of(curator).post(undoing).data["kind"] == "undo"
    assert api_of(curator).post(undoing).data["code"] == "already_undone"
    assert api_of(curator).get(f"{API}/{kind}/{loser}/history/").data["count"] == 2


def test_private_songs_are_404_for_others(api_of: Any, user: User, curator: User) -> None:
    track = make_track(user, visibility=Visibility.PRIVATE)
    shared = make_track(user)
    assert api_of(user).patch(f"{API}/tracks/{track.pk}/", {"title": "x"}).status_code == 200
    change = Change.objects.get()
    for method, address, data in [
        ("post", f"tracks/{track.pk}/merge/", {"into": shared.pk}),
        ("post", f"tracks/{shared.pk}/merge/", {"into": track.pk}),
        ("get", f"tracks/{track.pk}/history/", None),
        ("post", f"changes/{change.pk}/undo/", {}),
        ("post", f"tracks/{track.pk}/reports/", {"reason": "other"}),
    ]:
        answer = getattr(api_of(curator), method)(f"{API}/{address}", data)
        assert answer.status_code == 404, address
    assert api_of(user).post(f"{API}/changes/{change.pk}/undo/").status_code == 200


def test_text_of_a_second_report_is_added_to_the_open_one(api_of: Any, user: User, other: User) -> None:
    address = f"{API}/tracks/{make_track(user).pk}/reports/"

    def send(text: str) -> tuple[int, str]:
        answer = api_of(other).post(address, {"reason": "names", "text": text})
        return answer.status_code, answer.data["text"]

    long = "It is Eva, not Ana. " * 20  # in one line
    assert send(long) == (201, long.strip())
    assert send("It is live.") == (200, f"{long.strip()}\n\nIt is live.")
    assert send("It is live.") == (200, f"{long.strip()}\n\nIt is live.")
    assert send("x" * 1990) == (201, "x" * 1990)  # has no room in the first one
    assert Report.objects.count() == 2


def test_reports(
    api: APIClient, api_of: Any, user: User, other: User, curator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = make_track(user)
    address = f"{API}/tracks/{track.pk}/reports/"
    assert api.post(address, {"reason": "cover"}).status_code == 401
    assert api_of(other).post(address, {"reason": "no"}).data["fields"].keys() == {"reason"}
    first = api_of(other).post(address, {"reason": "cover", "text": "Not theirs"})
    assert (first.status_code, first.data["outcome"], first.data["track"]) == (201, "open", str(track.pk))
    again = api_of(other).post(address, {"reason": "cover"})
    assert (again.status_code, again.data["id"]) == (200, first.data["id"])
    monkeypatch.setattr(reports, "PER_DAY", 1)
    full = api_of(other).post(address, {"reason": "names"})
    assert (full.status_code, full.data["code"]) == (429, "too_many_reports")
    Track.objects.filter(pk=track.pk).update(visibility=Visibility.PRIVATE)
    assert api_of(user).post(address, {"reason": "names"}).data["code"] == "not_shared"

    row = Report.objects.get()
    assert reports.close(row, Report.Outcome.DONE, curator)
    assert not reports.close(row, Report.Outcome.REFUSED, curator)
    row.refresh_from_db()
    assert (row.outcome, row.closed_by) == (Report.Outcome.DONE, curator)
    notice = Notice.objects.get(user=other)
    assert (notice.kind, notice.track) == (Notice.Kind.REPORT, track)
    assert "has been fixed" in notice.text
