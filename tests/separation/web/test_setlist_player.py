"""The page that plays a setlist, the players it fetches, and how entries are played, in words."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import User
from catalog.models import Setlist, Visibility
from catalog.social import setlists
from separation.models import Status
from separation.templatetags.playback import in_words
from tests.catalog.test_templates import queries_of_templates
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db

SLOWER = {"speed": 0.8, "semitones": -2, "stems": {"vocals": {"muted": True}}}


@pytest.fixture
def owner_client(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def entries(html: str) -> list[dict[str, Any]]:
    found = re.search(r'<script id="setlist-entries" type="application/json">(.*?)</script>', html)
    assert found
    rows: list[dict[str, Any]] = json.loads(found[1])
    return rows


def filled(user: User) -> Setlist:
    """Fill a setlist with a song that is ready, one that is not, and one of the user alone."""
    setlist = setlists.make(user, "Friday")
    ready = make_track(user, title="Ready", artist="Coro")
    make_separation(ready, stored=True)
    setlists.add(setlist, ready, "in D", SLOWER)
    setlists.add(setlist, make_track(user, title="Bare"))
    setlists.add(setlist, make_track(user, title="Secret", visibility=Visibility.PRIVATE), "mine", SLOWER)
    return setlist


def test_owner_plays_a_setlist_with_the_settings_of_each_entry(owner_client: Client, user: User) -> None:
    setlist = filled(user)
    html = owner_client.get(f"/setlists/{setlist.pk}/play/").content.decode()
    ready, bare, secret = entries(html)
    assert (ready["title"], ready["artist"], ready["note"], ready["number"]) == ("Ready", "Coro", "in D", 1)
    assert (ready["settings"], ready["settings_text"]) == (
        SLOWER,
        "80 %, \N{MINUS SIGN}2 semitones, without vocals",
    )
    assert (bare["settings"], bare["settings_text"]) == ({}, "")
    assert "80 %, \N{MINUS SIGN}2 semitones, without vocals" in html
    assert "Keep these settings" in html
    player = owner_client.get(ready["player"])
    assert 'class="player"' in player.content.decode()
    assert "<html" not in player.content.decode()
    assert owner_client.get(bare["player"]).status_code == 204
    assert owner_client.get(secret["player"]).status_code == 204
    kept = owner_client.patch(ready["address"], {"settings": {"speed": 0.5}}, content_type="application/json")
    assert kept.status_code == 200
    fragment = owner_client.get(f"/setlists/{setlist.pk}/play/", {"fragment": "entries"}).content.decode()
    assert entries(fragment)[0]["settings_text"] == "50 %"
    assert "<html" not in fragment
    page = owner_client.get(f"/setlists/{setlist.pk}/").content.decode()
    assert f'href="/setlists/{setlist.pk}/play/?play=1"' in page


def test_setlist_that_is_played_by_link_shows_what_everybody_may_see(
    client: Client, user: User, other: User
) -> None:
    setlist = filled(user)
    shared = f"/s/{setlist.link}/play/"
    assert client.get(shared).status_code == 404
    setlists.share(setlist, by_link=True)
    html = client.get(shared).content.decode()
    ready, _bare, secret = entries(html)
    assert (ready["settings_text"], ready["address"]) == (
        "80 %, \N{MINUS SIGN}2 semitones, without vocals",
        None,
    )
    assert {name: secret[name] for name in ("player", "settings", "settings_text", "note", "artist")} == {
        "player": None,
        "settings": {},
        "settings_text": "",
        "note": "",
        "artist": "",
    }
    assert "Secret" not in html
    assert "mine" not in html
    assert "Keep these settings" not in html
    assert client.get(ready["player"]).status_code == 200
    hidden = setlist.entries.get(track__title="Secret").track
    assert client.get(f"/tracks/{hidden.pk}/?fragment=player").status_code == 404
    assert f'href="{shared}?play=1"' in client.get(f"/s/{setlist.link}/").content.decode()
    own = f"/setlists/{setlist.pk}/play/"
    assert client.get(own).headers["Location"] == f"/accounts/login/?next={own}"
    client.force_login(other)
    assert client.get(own).status_code == 404
    assert "Keep these settings" not in client.get(shared).content.decode()
    client.force_login(user)
    assert entries(client.get(shared).content.decode())[0]["address"] is not None, (
        "the owner by their own link"
    )


def test_entry_with_settings_leads_from_the_list_to_where_it_is_played_with_them(
    owner_client: Client, user: User
) -> None:
    setlist = filled(user)
    setlists.share(setlist, by_link=True)
    ready, bare = setlist.entries.get(track__title="Ready"), setlist.entries.get(track__title="Bare")
    bare.settings = {"speed": 0.9}  # but it cannot be played yet
    bare.save()
    for page, key in ((f"/setlists/{setlist.pk}/", setlist.pk), (f"/s/{setlist.link}/", setlist.link)):
        html = owner_client.get(page).content.decode()
        assert f'<a href="{page}play/?entry={ready.pk}">Ready</a>' in html
        assert f"/tracks/{ready.track_id}/?setlist=" not in html
        assert f'<a href="/tracks/{bare.track_id}/?setlist={key}&amp;entry={bare.pk}">Bare</a>' in html


def test_download_leads_to_the_downloads_of_the_song_without_stopping_the_setlist(
    owner_client: Client, user: User
) -> None:
    setlist = filled(user)
    page = f"/tracks/{setlist.entries.get(track__title='Ready').track_id}/"
    in_setlist = owner_client.get(page, {"fragment": "player"}).content.decode()
    assert f'href="{page}#take" target="_blank"' in in_setlist
    in_queue = owner_client.get(page, {"fragment": "player", "words": "1"}).content.decode()
    own = owner_client.get(page).content.decode()
    for html in (in_queue, own):
        assert 'href="#take"' in html
    assert 'id="take"' in own


def test_song_that_is_being_separated_has_no_player_for_a_setlist(owner_client: Client, user: User) -> None:
    for status in (Status.QUEUED, Status.RUNNING, Status.FAILED):
        track = make_track(user)
        make_separation(track, status=status)
        assert owner_client.get(f"/tracks/{track.pk}/?fragment=player").status_code == 204


def test_empty_setlist_is_said_to_be_empty(owner_client: Client, user: User) -> None:
    setlist = setlists.make(user, "Friday")
    assert "No songs yet" in owner_client.get(f"/setlists/{setlist.pk}/play/").content.decode()


def test_setlist_player_takes_a_constant_number_of_queries(
    owner_client: Client, user: User, django_assert_max_num_queries: Any
) -> None:
    setlist = setlists.make(user, "Friday")
    for n in range(30):
        setlists.add(setlist, make_track(user, title=f"Song {n}"), settings=SLOWER)
    with django_assert_max_num_queries(6), queries_of_templates() as queries:
        html = owner_client.get(f"/setlists/{setlist.pk}/play/").content.decode()
    assert len(entries(html)) == 30
    assert not queries


def test_kept_settings_are_removed_by_a_form(owner_client: Client, user: User) -> None:
    setlist = filled(user)
    entry = setlist.entries.get(track__title="Ready")
    page = f"/setlists/{setlist.pk}/"
    assert "Play “Ready” as usual" in owner_client.get(page).content.decode()
    owner_client.post(f"{page}entries/{entry.pk}/", {"do": "usual"})
    entry.refresh_from_db()
    assert entry.settings == {}
    html = owner_client.get(page).content.decode()
    assert "Play “Ready” as usual" not in html
    assert "Play “Secret” as usual" in html


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ({}, ""),
        ({"speed": 1, "semitones": 0, "cents": 0, "stems": {"vocals": {"muted": False, "volume": 1}}}, ""),
        ({"speed": 1.25, "semitones": 1, "cents": -10}, "125 %, +1 semitone, \N{MINUS SIGN}10 cents"),
        ({"semitones": 1.5}, "+1.5 semitones"),
        ({"stems": {"vocals": {"volume": 0}, "drums": {"muted": True}}}, "without vocals and drums"),
        ({"stems": {"bass": {"solo": True}, "drums": {"volume": 0.5}}}, "only bass"),
        ({"stems": {"bass": {"volume": 0.49, "pan": -0.5}}}, "bass at 70 %, bass to the left"),
        ({"stems": {"kazoo": {"volume": 1.5, "pan": 0.5}}}, "kazoo at 150 %, kazoo to the right"),
        ({"from": 0, "to": 65.2}, "loop from 0:00 to 1:05"),
        ({"click": 0.5, "countin": 1}, "metronome, 1 bar counted in"),
        ({"click": 0, "countin": 2}, "2 bars counted in"),
    ],
)
def test_settings_in_words(kept: dict[str, Any], words: str) -> None:
    with translation.override("en"):
        assert in_words(kept) == words
