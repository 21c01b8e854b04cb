"""M3U files of setlists and songs, and the addresses in them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from catalog.models import Visibility
from catalog.social import setlists
from separation.delivery import m3u
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner_client(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def addresses(answer: Any) -> list[str]:
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("audio/x-mpegurl")
    return [line for line in answer.content.decode().splitlines() if line and not line.startswith("#")]


def test_setlist_m3u_plays_without_signing_in(client: Client, user: User, other: User) -> None:
    setlist = setlists.make(user, "Friday")
    two = make_track(other, title="Two", seconds=1.0)
    make_separation(two, stored=True)
    own = make_track(user, title="Mine", visibility=Visibility.PRIVATE)
    make_separation(own, model="compact:4stems", stored=True)
    nothing = make_track(title="Nothing")
    for track in (two, own, nothing):
        setlists.add(setlist, track)
    client.force_login(user)
    answer = client.get(f"/setlists/{setlist.pk}.m3u8")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Friday.m3u8"'
    text = answer.content.decode().splitlines()
    assert text[:3] == ["#EXTM3U", "#PLAYLIST:Friday", "#EXTINF:1,Ana Torres - Two (Accompaniment)"]
    assert "# Ana Torres - Nothing: nothing here that a player could play" in text
    found = addresses(answer)
    assert "/api/v1/stems/" in found[0]
    assert "/listen/" in found[1]
    client.logout()
    for address in found:
        played = client.get(address, headers={"range": "bytes=0-99"})
        assert (played.status_code, played.headers["Content-Type"]) == (206, "audio/mpeg")
        assert len(played.getvalue()) == 100
    vocals = addresses(_signed_in(client, user).get(f"/setlists/{setlist.pk}.m3u8", {"stem": "vocals"}))
    assert len(vocals) == 2
    assert addresses(client.get(f"/setlists/{setlist.pk}.m3u8", {"stem": "flute"})) == []


def test_setlist_m3u_tells_visitors_which_songs_need_an_account(client: Client, user: User) -> None:
    setlist = setlists.make(user, "Friday")
    setlist.by_link = True
    setlist.save()
    four = make_track(user, title="Four")
    make_separation(four, model="compact:4stems", stored=True)
    setlists.add(setlist, four)
    setlists.add(setlist, make_track(user, title="Nothing"))
    text = client.get(f"/s/{setlist.link}.m3u8").content.decode().splitlines()
    assert "# Ana Torres - Four: sign in to get its parts" in text
    assert "# Ana Torres - Nothing: nothing here that a player could play" in text


def _signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def test_signed_address_expires(owner_client: Client, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    track = make_track(user, visibility=Visibility.PRIVATE)
    make_separation(track, stored=True)
    setlist = setlists.make(user, "Friday")
    setlists.add(setlist, track)
    [address] = addresses(owner_client.get(f"/setlists/{setlist.pk}.m3u8"))
    owner_client.logout()
    assert owner_client.get(address).getvalue()
    assert owner_client.get(address[:-3] + "xx/").status_code == 404
    with monkeypatch.context() as later:
        later.setattr(m3u, "LINK_LIFETIME", timedelta(seconds=-1))
        assert owner_client.get(address).status_code == 404
    user.is_active = False
    user.save()
    assert owner_client.get(address).status_code == 404


def test_shared_setlist_m3u_has_what_visitors_may_have(client: Client, user: User, settings: Any) -> None:
    setlist = setlists.make(user, "Friday")
    two, four = make_track(user, title="Two"), make_track(user, title="Four")
    secret = make_track(user, title="Secret", visibility=Visibility.PRIVATE)
    make_separation(two)
    make_separation(four, model="compact:4stems")
    make_separation(secret)
    for track in (two, four, secret):
        setlists.add(setlist, track)
    path = f"/s/{setlist.link}.m3u8"
    assert client.get(path).status_code == 404
    setlists.share(setlist, by_link=True)
    answer = client.get(path)
    assert len(addresses(answer)) == 1
    assert "Secret" not in answer.content.decode()
    settings.VISITOR_DOWNLOADS = False
    assert addresses(client.get(path)) == []
    assert client.get(f"/setlists/{setlist.pk}.m3u8").status_code == 404


def test_track_m3u_has_the_richest_permitted_separation(
    owner_client: Client, client: Client, user: User
) -> None:
    track = make_track(user)
    make_separation(track)
    make_separation(track, model="compact:4stems")
    assert len(addresses(owner_client.get(f"/tracks/{track.pk}.m3u8"))) == 4
    owner_client.logout()
    assert len(addresses(owner_client.get(f"/tracks/{track.pk}.m3u8"))) == 2


def test_setlist_m3u_takes_a_constant_number_of_queries(
    owner_client: Client, user: User, django_assert_max_num_queries: Any
) -> None:
    setlist = setlists.make(user, "Friday")
    for n in range(30):
        track = make_track(user, title=f"Song {n}")
        make_separation(track)
        setlists.add(setlist, track)
    with django_assert_max_num_queries(8):
        assert len(addresses(owner_client.get(f"/setlists/{setlist.pk}.m3u8"))) == 30


def test_unknown_stem_in_m3u_is_empty(owner_client: Client, user: User) -> None:
    setlist = setlists.make(user, "Friday")
    setlists.add(setlist, make_separation(make_track(user)).mixture.tracks.get())
    for stem in ("flute", "\0", "vo\0cals\0"):
        assert owner_client.get(f"/setlists/{setlist.pk}.m3u8", {"stem": stem}).status_code == 200
