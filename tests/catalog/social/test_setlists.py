"""Setlists: their order, notes, links, and what others see of them."""

import re
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from catalog.errors import CatalogError
from catalog.models import Like, Notice, Setlist, Track, Visibility, WishVoice
from catalog.social import likes, setlists, wishes
from tests.factories import make_track

pytestmark = pytest.mark.django_db

SETLISTS = "/api/v1/setlists/"


@pytest.fixture
def owner_client(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def filled(user: User, *titles: str, **fields: Any) -> Setlist:
    setlist = setlists.make(user, "Friday")
    for title in titles:
        setlists.add(setlist, make_track(user, title=title, seconds=60, **fields))
    return setlist


def order(setlist: Setlist) -> str:
    return "".join(entry.track.title for entry in setlist.entries.select_related("track"))


@pytest.mark.parametrize(
    ("which", "to", "result"),
    [(0, 4, "BCDA"), (3, 1, "DABC"), (1, 3, "ACBD"), (2, 2, "ACBD"), (1, 99, "ACDB"), (2, 0, "CABD")],
)
def test_moving(user: User, which: int, to: int, result: str) -> None:
    setlist = filled(user, *"ABCD")
    setlists.move(setlist.entries.all()[which], to)
    assert order(setlist) == result
    assert [entry.position for entry in setlist.entries.all()] == [1, 2, 3, 4]


def test_the_same_song_may_come_twice(user: User) -> None:
    setlist = filled(user, "A", "B")
    setlists.add(setlist, Track.objects.get(title="A"), "in D")
    assert order(setlist) == "ABA"


def test_limits(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setlists, "MOST_ENTRIES", 1)
    monkeypatch.setattr(setlists, "MOST_SETLISTS", 1)
    setlist = filled(user, "A")
    with pytest.raises(CatalogError) as full:
        setlists.add(setlist, make_track())
    with pytest.raises(CatalogError) as many:
        setlists.make(user, "Another")
    assert (full.value.code, many.value.code) == ("setlist_full", "too_many_setlists")


def test_setlist_is_edited_by_forms(owner_client: Client, user: User) -> None:
    answer = owner_client.post("/setlists/", {"title": "Friday"})
    setlist = Setlist.objects.get()
    page = f"/setlists/{setlist.pk}/"
    assert answer.headers["Location"] == page
    for title in "ABC":
        track = make_track(title=title)
        owner_client.post(f"/tracks/{track.pk}/setlist/", {"setlist": str(setlist.pk)})
    first, second, _third = setlist.entries.all()
    owner_client.post(f"{page}entries/{first.pk}/", {"do": "down"})
    assert order(setlist) == "BAC"
    owner_client.post(f"{page}entries/{first.pk}/", {"do": "up"})
    owner_client.post(f"{page}entries/{first.pk}/", {"do": "up"})
    assert order(setlist) == "ABC"
    owner_client.post(f"{page}entries/{first.pk}/", {"do": "note", "note": "in D, capo 2"})
    assert 'value="in D, capo 2"' in owner_client.get(page).content.decode()
    owner_client.post(f"{page}entries/{second.pk}/", {"do": "remove"})
    assert order(setlist) == "AC"
    owner_client.post(f"{page}change/", {"do": "rename", "title": "Saturday"})
    assert "Saturday" in owner_client.get("/setlists/").content.decode()
    owner_client.post(f"{page}change/", {"do": "delete"})
    assert not Setlist.objects.exists()


def test_song_page_creates_a_setlist(owner_client: Client, user: User) -> None:
    track = make_track(title="A")
    owner_client.post(f"/tracks/{track.pk}/setlist/", {"title": "Lesson"})
    assert order(Setlist.objects.get(title="Lesson")) == "A"
    page = owner_client.post(f"/tracks/{track.pk}/setlist/", {"title": " "}, follow=True).content.decode()
    assert "Give the setlist a name." in page


def test_setlists_of_others_are_404(client: Client, api_of: Any, user: User, other: User) -> None:
    setlist = filled(user, "A")
    entry = setlist.entries.get()
    client.force_login(other)
    page, api = f"/setlists/{setlist.pk}/", api_of(other)
    assert client.get(page).status_code == 404
    assert client.get(f"/s/{setlist.link}/").status_code == 404
    assert client.post(f"{page}change/", {"do": "delete"}).status_code == 404
    assert client.post(f"{page}entries/{entry.pk}/", {"do": "remove"}).status_code == 404
    track = make_track()
    assert client.post(f"/tracks/{track.pk}/setlist/", {"setlist": str(setlist.pk)}).status_code == 404
    for method, path in [
        ("get", ""),
        ("patch", ""),
        ("delete", ""),
        ("post", "entries/"),
        ("patch", f"entries/{entry.pk}/"),
        ("delete", f"entries/{entry.pk}/"),
    ]:
        assert getattr(api, method)(f"{SETLISTS}{setlist.pk}/{path}").status_code == 404
    assert api.get(SETLISTS).json()["count"] == 0
    assert api.get(f"{SETLISTS}shared/{setlist.link}/").status_code == 404
    setlists.share(setlist, by_link=True)
    assert client.post(f"/tracks/{track.pk}/setlist/", {"setlist": setlist.link}).status_code == 404
    assert order(setlist) == "A"


def test_shared_link_hides_private_songs(client: Client, api: APIClient, user: User) -> None:
    setlist = filled(user, "Shared")
    setlists.add(setlist, make_track(user, title="Secret", visibility=Visibility.PRIVATE), "my note")
    setlists.share(setlist, by_link=True)
    page = client.get(f"/s/{setlist.link}/").content.decode()
    assert "Shared" in page
    assert "Not available to you" in page
    assert "Secret" not in page
    assert "my note" not in page
    answer = api.get(f"{SETLISTS}shared/{setlist.link}/").json()
    assert [
        (row["position"], row["note"], row["track"] and row["track"]["title"]) for row in answer["entries"]
    ] == [
        (1, "", "Shared"),
        (2, "", None),
    ]
    assert answer["seconds"] == 60
    old = setlist.link
    client.force_login(user)
    client.post(f"/setlists/{setlist.pk}/change/", {"do": "link"})
    client.logout()
    setlist.refresh_from_db()
    assert client.get(f"/s/{old}/").status_code == 404
    assert client.get(f"/s/{setlist.link}/").status_code == 200


def test_somebody_elses_song_made_private_is_not_named_to_the_owner(
    owner_client: Client, user: User, other: User
) -> None:
    setlist = setlists.make(user, "Friday")
    track = make_track(other, title="Orilla")
    setlists.add(setlist, track)
    track.visibility = Visibility.PRIVATE
    track.save()
    page = owner_client.get(f"/setlists/{setlist.pk}/").content.decode()
    assert "Not available to you" in page
    assert "Orilla" not in page


def test_setlist_plays_through(client: Client, user: User, other: User) -> None:
    setlist = filled(user, "A", "B")
    setlists.add(setlist, make_track(user, title="Secret", visibility=Visibility.PRIVATE))
    setlists.add(setlist, make_track(title="C"))
    a, b, _secret, c = (entry.track for entry in setlist.entries.select_related("track"))
    place = setlists.place(str(setlist.pk), "", b, user)
    assert place is not None
    assert (place.number, place.count) == (2, 4)
    assert place.previous is not None
    assert place.next is not None
    assert place.previous.track == a
    assert setlists.place(str(setlist.pk), "", b, other) is None
    assert setlists.place(setlist.link, "", b, other) is None
    setlists.share(setlist, by_link=True)
    seen = setlists.place(setlist.link, "", b, other)
    assert seen is not None
    assert seen.next is not None
    assert (seen.count, seen.next.track) == (3, c), "what is private is passed over"
    assert setlists.place("no such thing \0", "", b, user) is None


def test_song_listed_twice_keeps_its_place(user: User) -> None:
    setlist = filled(user, "A", "B")
    a = Track.objects.get(title="A")
    again = setlists.add(setlist, a)
    place = setlists.place(str(setlist.pk), str(again.pk), a, user)
    assert place is not None
    assert (place.number, place.next) == (3, None)


def test_by_api(api_of: Any, user: User) -> None:
    api = api_of(user)
    made = api.post(SETLISTS, {"title": "Friday"})
    assert made.status_code == 201
    address = f"{SETLISTS}{made.json()['id']}/"
    for title in "ABC":
        answer = api.post(
            f"{address}entries/", {"track": str(make_track(title=title, seconds=60).pk), "note": title}
        )
        assert answer.status_code == 201
    rows = answer.json()["entries"]
    assert [(row["position"], row["note"], row["track"]["title"]) for row in rows] == [
        (1, "A", "A"),
        (2, "B", "B"),
        (3, "C", "C"),
    ]
    moved = api.patch(f"{address}entries/{rows[2]['id']}/", {"position": 1, "note": "in D"}).json()
    assert [row["note"] for row in moved["entries"]] == ["in D", "A", "B"]
    assert api.delete(f"{address}entries/{rows[0]['id']}/").status_code == 204
    changed = api.patch(address, {"title": "Saturday", "by_link": True, "new_link": True}).json()
    assert (changed["title"], changed["by_link"], changed["entry_count"], changed["seconds"]) == (
        "Saturday",
        True,
        2,
        120.0,
    )
    assert changed["address"] != made.json()["address"]
    assert [row["title"] for row in api.get(SETLISTS).json()["results"]] == ["Saturday"]
    assert api.post(f"{address}entries/", {"track": "0" * 32}).status_code == 404
    assert api.patch(f"{address}entries/{rows[1]['id']}/", {"position": 0}).status_code == 400
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


def test_setlist_pages_take_a_constant_number_of_queries(
    owner_client: Client, user: User, django_assert_max_num_queries: Any
) -> None:
    setlist = filled(user, *(f"Song {n}" for n in range(30)))
    for _n in range(5):
        filled(user)
    with django_assert_max_num_queries(9):
        html = owner_client.get(f"/setlists/{setlist.pk}/").content.decode()
    assert len(re.findall(r"data-address=", html)) == 30
    with django_assert_max_num_queries(7):
        owner_client.get("/setlists/")


def test_deleted_account_loses_setlists_likes_and_voices(user: User, other: User) -> None:
    setlists.add(setlists.make(user, "Friday"), make_track(other))
    likes.like(make_track(other), user)
    wishes.wish(user, "A", "B")
    Notice.objects.create(user=user, kind="report")
    user.delete()
    assert not any(
        rows.exists() for rows in (Setlist.objects, Like.objects, WishVoice.objects, Notice.objects)
    )
