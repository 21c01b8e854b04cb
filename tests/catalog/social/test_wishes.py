"""Wanted songs: joining in, coming true, and who may say so."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from accounts.models import User
from catalog.curation.editing import edit
from catalog.errors import CatalogError
from catalog.models import Notice, Visibility, Wish
from catalog.social import wishes
from catalog.storage.garbage_collection import collect
from catalog.uploads.ingest import ingest
from tests.factories import make_track
from tests.songs import write_song

pytestmark = pytest.mark.django_db

WISHES = "/api/v1/wishes/"


def test_two_spellings_are_one_wish_with_two_voices(user: User, other: User) -> None:
    first = wishes.wish(user, "Ana Ríos", "Canción del agua")
    again = wishes.wish(other, "ANA RIOS", "cancion del agua!")
    assert (again.pk, again.wanted) == (first.pk, 2)
    wishes.wish(user, "Ana Ríos", "Canción del agua")
    first.refresh_from_db()
    assert first.wanted == 2


def test_wish_without_voices_is_deleted(user: User, other: User) -> None:
    row = wishes.wish(user, "A", "Song")
    wishes.join(row, other)
    wishes.leave(row, user)
    row.refresh_from_db()
    assert row.wanted == 1
    wishes.leave(row, other)
    assert not Wish.objects.exists()


def test_wish_for_a_shared_song_is_refused(user: User, other: User) -> None:
    private = make_track(other, artist="Ana Ríos", title="Secreto", visibility=Visibility.PRIVATE)
    assert wishes.wish(user, private.artist.name, private.title).fulfilled_at is None
    track = make_track(artist="Ana Ríos", title="Orilla")
    with pytest.raises(wishes.AlreadyInLibraryError) as found:
        wishes.wish(user, "ana rios", "ORILLA")
    assert found.value.track == track


def test_shared_track_of_the_same_names_fulfils_and_notifies(user: User, other: User) -> None:
    row = wishes.wish(user, "Ana Ríos", "Orilla")
    wishes.join(row, other)
    wishes.fulfil_by_name(
        make_track(artist="Ana Rios", title="Orilla", owner=other, visibility=Visibility.PRIVATE)
    )
    assert not Notice.objects.exists()
    track = make_track(artist="Ana Rios", title="ORILLA")
    wishes.fulfil_by_name(track)
    row.refresh_from_db()
    assert row.track == track
    assert {notice.user for notice in Notice.objects.filter(kind="wish", track=track)} == {user, other}
    wishes.fulfil_by_name(make_track(artist="Ana Rios", title="Orilla"))
    assert Notice.objects.count() == 2, "once"


def test_title_alone_does_not_fulfil(user: User) -> None:
    row = wishes.wish(user, "", "Home")
    wishes.fulfil_by_name(make_track(artist="Somebody", title="Home"))
    row.refresh_from_db()
    assert row.fulfilled_at is None


def test_deleted_song_can_be_wished_for_again(user: User, other: User) -> None:
    row = wishes.wish(user, "A", "Song")
    track = make_track(artist="A", title="Song")
    wishes.fulfil_by_name(track)
    track.delete()
    assert wishes.wish(other, "a", "song") == row
    row.refresh_from_db()
    assert (row.fulfilled_at, row.wanted) == (None, 2)


def test_fulfil_permissions(user: User, other: User) -> None:
    row = wishes.wish(other, "", "Home")
    track = make_track(user, title="Home again")
    with pytest.raises(CatalogError) as refused:
        wishes.fulfil(row, track, other)
    assert (refused.value.code, refused.value.status) == ("not_yours", 403)
    other.user_permissions.add(Permission.objects.get(codename="change_track"))
    wishes.fulfil(row, track, User.objects.get(pk=other.pk))
    with pytest.raises(CatalogError) as refused:
        wishes.fulfil(row, track, user)
    assert refused.value.code == "fulfilled"


def test_private_track_fulfils_no_wish(user: User, other: User) -> None:
    row = wishes.wish(other, "", "Home")
    with pytest.raises(CatalogError) as refused:
        wishes.fulfil(row, make_track(user, visibility=Visibility.PRIVATE), user)
    assert refused.value.code == "not_shared"


def test_voices_of_closed_accounts_are_not_counted(user: User, other: User) -> None:
    kept, gone = wishes.wish(user, "A", "Kept"), wishes.wish(other, "A", "Gone")
    wishes.join(kept, other)
    other.delete()
    collect(timedelta(0))
    kept.refresh_from_db()
    assert kept.wanted == 1
    assert not Wish.objects.filter(pk=gone.pk).exists()


def test_by_api(api: APIClient, api_of: Any, user: User, other: User) -> None:
    mine = api_of(user)
    made = mine.post(WISHES, {"artist": "Ana Ríos", "title": "Orilla"})
    assert made.status_code == 201
    address = f"{WISHES}{made.json()['id']}/"
    assert api_of(other).post(f"{address}voice/").json()["voices"] == 2
    listed = api.get(WISHES).json()["results"]
    assert [(row["title"], row["voices"], row["mine"], row["track"]) for row in listed] == [
        ("Orilla", 2, False, None)
    ]
    assert mine.get(WISHES).json()["results"][0]["mine"] is True
    assert api_of(other).delete(f"{address}voice/").status_code == 204
    track = make_track(user, artist="Somebody", title="Orilla (live)")
    done = mine.post(f"{address}fulfil/", {"track": str(track.pk)})
    assert (done.status_code, done.json()["track"]) == (200, str(track.pk))
    assert api.get(WISHES).json()["count"] == 0
    assert api.get(WISHES, {"fulfilled": "true"}).json()["count"] == 1
    here = mine.post(WISHES, {"artist": "Somebody", "title": "orilla live"})
    assert (here.status_code, here.json()["code"], here.json()["track"]) == (
        409,
        "here_already",
        str(track.pk),
    )


def test_track_made_private_later_is_not_named(api: APIClient, user: User, other: User) -> None:
    track = make_track(other, artist="A", title="B")
    Wish.objects.create(artist="A", title="B", track=track, fulfilled_at=track.created_at, wanted=1)
    track.visibility = Visibility.PRIVATE
    track.save()
    assert api.get(WISHES, {"fulfilled": "true"}).json()["results"][0]["track"] is None


def test_wishes_are_sorted_by_voices_or_date(api: APIClient, user: User, other: User) -> None:
    popular = wishes.wish(user, "A", "Popular")
    wishes.join(popular, other)
    wishes.wish(user, "A", "New")
    titles = [row["title"] for row in api.get(WISHES).json()["results"]]
    newest = [row["title"] for row in api.get(WISHES, {"ordering": "new"}).json()["results"]]
    assert (titles, newest) == (["Popular", "New"], ["New", "Popular"])


def test_only_new_wishes_are_rate_limited(
    api_of: Any, client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = {**SimpleRateThrottle.THROTTLE_RATES, "wishes": "2/hour"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    api = api_of(user)
    answers = [api.post(WISHES, {"title": f"Song {n}"}).status_code for n in range(3)]
    assert answers == [201, 201, 429]
    assert api.get(WISHES).status_code == 200
    client.force_login(user)
    page = client.post("/wishes/new/", {"title": "Another"})
    assert "Too many requests" in page.content.decode()
    assert Wish.objects.count() == 2


def test_a_search_becomes_a_wish(client: Client, user: User) -> None:
    assert client.get("/wishes/new/").headers["Location"].startswith("/accounts/login/")
    client.force_login(user)
    form = client.get("/wishes/new/", {"q": "Ana Ríos - Orilla"}).content.decode()
    assert 'value="Ana Ríos"' in form
    assert 'value="Orilla"' in form
    page = client.post(
        "/wishes/new/", {"artist": "Ana Ríos", "title": "Orilla"}, follow=True
    ).content.decode()
    assert "You will be notified when somebody adds it" in page
    assert "1 person wants it" in page
    assert "Enter the title of the song" in client.post("/wishes/new/", {"title": " "}).content.decode()


def test_joining_and_leaving_by_form(client: Client, user: User, other: User) -> None:
    row = wishes.wish(other, "<b>", "Orilla")
    client.force_login(user)
    page = client.post(f"/wishes/{row.pk}/voice/", follow=True).content.decode()
    assert "2 people want it" in page
    assert "&lt;b&gt;" in page
    assert "You want it" in page
    client.post(f"/wishes/{row.pk}/voice/", {"do": "leave"})
    row.refresh_from_db()
    assert row.wanted == 1


def test_wish_is_fulfilled_on_its_page(client: Client, user: User, other: User) -> None:
    row = wishes.wish(other, "", "Home")
    make_track(other, title="Home of somebody else")
    track = make_track(user, title="Home", artist="Me")
    make_track(user, title="Home, but mine alone", visibility=Visibility.PRIVATE)
    client.force_login(user)
    page = client.get(f"/wishes/{row.pk}/fulfil/").content.decode()
    assert page.count('name="track"') == 1
    answer = client.post(f"/wishes/{row.pk}/fulfil/", {"track": str(track.pk)})
    assert answer.headers["Location"] == f"/tracks/{track.pk}/"
    assert other.notices.get().track == track


def test_wish_list_takes_a_constant_number_of_queries(
    client: Client, user: User, django_assert_max_num_queries: Any
) -> None:
    for n in range(40):
        wishes.wish(user, "A", f"Song {n}")
    for n in range(5):
        wishes.fulfil_by_name(make_track(artist="A", title=f"Song {n}"))
    client.force_login(user)
    with django_assert_max_num_queries(7):
        assert client.get("/wishes/").status_code == 200


def test_upload_sharing_and_renaming_fulfil_wishes(user: User, other: User, tmp_path: Path) -> None:
    rows = [wishes.wish(other, "Ana Ríos", title) for title in ("Brought", "Shared", "Renamed")]
    brought = ingest(
        write_song(tmp_path / "a.flac", 0.3), filename="Ana Rios - Brought.flac", user=user
    ).track
    private = make_track(user, artist="Ana Rios", title="Shared", visibility=Visibility.PRIVATE)
    shared = edit(private, user, {"visibility": Visibility.SHARED})
    renamed = edit(make_track(user, artist="Ana Rios", title="???"), user, {"title": "Renamed"})
    for row, track in zip(rows, (brought, shared, renamed), strict=True):
        row.refresh_from_db()
        assert row.track == track
    assert other.notices.count() == 3
