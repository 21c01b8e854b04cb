"""Pages for editing, merging, splitting, histories and reports."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from catalog.curation.editing import edit, edit_artist
from catalog.curation.fields import details
from catalog.curation.merging import merge
from catalog.models import Artist, Change, Report, Track, Visibility
from tests.factories import add_claim, make_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner_client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def curator_client(curator: User) -> Client:
    client = Client()
    client.force_login(curator)
    return client


def sent(row: Any, **changes: Any) -> dict[str, Any]:
    """What the form would send, shown now."""
    seen = details(row)
    values = {**seen, "guests": "; ".join(seen.get("guests", []))} | changes
    data = {name: "" if value is None else value for name, value in values.items() if value is not False}
    return {**data, "seen": json.dumps(seen)}


def test_editing_a_track(owner_client: Client, user: User) -> None:
    track = make_track(user, album="Orilla")
    address = reverse("track-edit", args=[track.pk])
    page = owner_client.get(address).content.decode()
    assert '<option value="Orilla">' in page.replace("\n", "")
    wanted = sent(track, title="Otra\x07 cosa", guests="Ben; Eva;", track_number=3, visibility="shared")
    assert owner_client.post(address, wanted).status_code == 302
    track.refresh_from_db()
    assert (track.title, track.track_number) == ("Otra cosa", 3)
    assert details(track)["guests"] == ["Ben", "Eva"]


def test_fields_for_names_are_given_the_list_that_they_suggest_from(
    curator_client: Client, user: User
) -> None:
    track = make_track(user, artist="Ana", album="Orilla")
    assert track.album is not None
    pages = [
        (
            reverse("track-edit", args=[track.pk]),
            {"artist": "artists", "album": "albums", "album_artist": "artists"},
        ),
        (reverse("album-edit", args=[track.album.pk]), {"artist": "artists"}),
        (reverse("artist-split", args=[track.artist.slug]), {"name": "artists"}),
        (reverse("album-split", args=[track.album.pk]), {"name": "albums"}),
    ]
    for address, lists in pages:
        fields = re.findall(r"<input[^>]*>", curator_client.get(address).content.decode())
        for name, kind in lists.items():
            [field] = [field for field in fields if f'name="{name}"' in field]
            assert f'data-name-list="{reverse(f"api:{kind}")}"' in field
            assert f'list="{kind}"' in field
            assert "data-suggest" not in field, "which makes a field of it that searches"


def test_conflict_is_shown_and_saving_again_overwrites(
    owner_client: Client, user: User, curator: User
) -> None:
    track = make_track(user, title="One")
    late = sent(track, title="Mine", visibility="shared")
    edit(track, curator, {"title": "Theirs"})
    page = owner_client.post(reverse("track-edit", args=[track.pk]), late)
    assert page.status_code == 200
    assert "It is now: Theirs" in page.content.decode()
    again = {**late, "seen": page.context["form"]["seen"].value()}
    assert owner_client.post(reverse("track-edit", args=[track.pk]), again).status_code == 302
    track.refresh_from_db()
    assert track.title == "Mine"


def test_taken_name_offers_to_merge(curator_client: Client, user: User) -> None:
    one, two = make_track(user, artist="Ana").artist, make_track(user, artist="Anna").artist
    page = curator_client.post(reverse("artist-edit", args=[two.slug]), sent(two, name="ANA"))
    merging = f"{reverse('artist-merge', args=[two.slug])}?into={one.pk}"
    assert merging in page.content.decode()
    assert curator_client.get(merging).context["into"] == one
    done = curator_client.post(reverse("artist-merge", args=[two.slug]), {"into": one.pk})
    assert done.headers["Location"] == reverse("artist", args=["ana"])
    assert one.tracks.count() == 2


def test_editing_and_splitting_an_album(curator_client: Client, user: User) -> None:
    track = make_track(user, album="Orilla")
    album = track.album
    assert album
    curator_client.post(reverse("album-edit", args=[album.pk]), sent(album, year=1999, compilation="on"))
    album.refresh_from_db()
    assert (album.year, album.compilation) == (1999, True)
    address = reverse("album-split", args=[album.pk])
    assert "at least one song" in curator_client.post(address, {"name": "Ribera"}).content.decode()
    assert curator_client.post(address, {"name": "Ribera", "tracks": [track.pk, "x"]}).status_code == 302
    track.refresh_from_db()
    assert track.album
    assert track.album.title == "Ribera"


def test_merging_and_splitting_tracks(curator_client: Client, user: User) -> None:
    one, two = make_track(user, title="Barquito"), make_track(user, title="Barquito de papel")
    make_track(user, title="Else", artist="Other")
    address = reverse("track-merge", args=[one.pk])
    assert curator_client.get(address).context["others"] == [two]
    assert curator_client.get(address, {"q": "papel"}).context["others"] == [two]
    assert curator_client.get(address, {"into": "no id"}).context["into"] is None
    curator_client.post(address, {"into": two.pk})
    assert not Track.objects.filter(pk=one.pk).exists()
    splitting = reverse("track-split", args=[two.pk])
    (recording,) = curator_client.get(splitting).context["recordings"]
    answer = curator_client.post(splitting, {"audio": recording.pk})
    assert Track.objects.get(audio=recording).title == "Barquito de papel"
    assert answer.status_code == 302
    assert curator_client.post(splitting, {"audio": recording.pk}).status_code == 404


def test_history_and_undo(
    owner_client: Client, curator_client: Client, user: User, other: User, curator: User
) -> None:
    track = make_track(user, title="One")
    edit(track, curator, {"title": "<b>Two</b>"})
    change = Change.objects.get()
    address = reverse("track-history", args=[track.pk])
    page = owner_client.get(address).content.decode()
    assert "Cleo" in page
    assert "&lt;b&gt;Two&lt;/b&gt;" in page
    undoing = reverse("change-undo", args=[change.pk])
    assert undoing in page
    stranger = Client()
    stranger.force_login(other)
    assert undoing not in stranger.get(address).content.decode()
    stranger.post(undoing)
    track.refresh_from_db()
    assert track.title == "<b>Two</b>"
    answer = owner_client.post(undoing, {"next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == address
    track.refresh_from_db()
    assert track.title == "One"
    page = owner_client.get(address).content.decode()
    assert "Put back as it was" in page
    assert owner_client.post(undoing, {"next": "a"}).headers["Location"] == "a"
    assert "This was undone already." in owner_client.post(undoing, follow=True).content.decode()


@pytest.mark.parametrize("kind", ["track", "artist", "album"])
def test_history_takes_a_constant_number_of_queries(
    curator_client: Client, curator: User, user: User, django_assert_max_num_queries: Any, kind: str
) -> None:
    track = make_track(user, album="Orilla")
    for n in range(8):
        edit(track, curator, {"title": str(n)})
        edit_artist(track.artist, curator, {"name": f"Name {n}"})
    key = {"track": track.pk, "artist": track.artist.slug, "album": track.album_id}[kind]
    with django_assert_max_num_queries(12):
        curator_client.get(reverse(f"{kind}-history", args=[key]))
    with django_assert_max_num_queries(14):
        page = curator_client.get(reverse("changes")).content.decode()
    assert "Name 7" in page


def test_private_changes_are_not_shown_to_others(curator_client: Client, user: User, curator: User) -> None:
    track = make_track(
        user, title="Hidden", artist="Nobody knows", album="Secret", visibility=Visibility.PRIVATE
    )
    edit(track, user, {"title": "Hidden too"})
    assert track.album
    for kind, key in [("track", track.pk), ("artist", track.artist.slug), ("album", track.album_id)]:
        for page in ("edit", "merge", "split", "history"):
            assert curator_client.get(reverse(f"{kind}-{page}", args=[key])).status_code == 404
    assert curator_client.get(reverse("track-report", args=[track.pk])).status_code == 404
    assert curator_client.post(reverse("change-undo", args=[Change.objects.get().pk])).status_code == 404
    assert "Hidden" not in curator_client.get(reverse("changes")).content.decode()
    own = make_track(curator, title="My own", visibility=Visibility.PRIVATE)
    edit(own, curator, {"title": "My own song"})
    assert "My own" not in curator_client.get(reverse("changes")).content.decode()


def test_pages_for_curators_only(owner_client: Client, client: Client, user: User) -> None:
    track = make_track(user, album="Orilla")
    for kind, key in [("artist", track.artist.slug), ("album", track.album_id), ("track", track.pk)]:
        for page in ("edit", "merge", "split"):
            address = reverse(f"{kind}-{page}", args=[key])
            assert client.get(address).status_code == 302
            expected = 200 if (kind, page) == ("track", "edit") else 403
            assert owner_client.get(address).status_code == expected
        assert client.get(reverse(f"{kind}-history", args=[key])).status_code == 302
    assert owner_client.get(reverse("changes")).status_code == 403
    artist = owner_client.get(reverse("artist", args=[track.artist.slug])).content.decode()
    assert "history/" in artist
    assert "merge/" not in artist


def test_recent_changes_describe_each_change(curator_client: Client, user: User, curator: User) -> None:
    one, two = make_track(user, artist="A"), make_track(user, artist="B")
    merge(one.artist, two.artist, curator)
    page = curator_client.get(reverse("changes")).content.decode()
    assert "“A” was merged into “B”" in page
    assert reverse("artist", args=["b"]) in page
    curator_client.post(reverse("change-undo", args=[Change.objects.get().pk]))
    assert "“A” is its own again" in curator_client.get(reverse("changes")).content.decode()
    assert Artist.objects.count() == 2


def test_reporting(owner_client: Client, user: User, other: User) -> None:
    track = make_track(other)
    address = reverse("track-report", args=[track.pk])
    assert owner_client.get(address).status_code == 200
    assert "This field is required" in owner_client.post(address, {}).content.decode()
    page = owner_client.post(address, {"reason": "names", "text": "It is \x07Eva\nnot Ana"}, follow=True)
    assert "Thank you" in page.content.decode()
    row = Report.objects.get()
    assert (row.user, row.reason, row.text, row.label) == (user, "names", "It is Eva\nnot Ana", str(track))
    again = owner_client.post(address, {"reason": "names"}, follow=True)
    assert "already" in again.content.decode()
    assert Report.objects.count() == 1


@pytest.mark.parametrize("uploaded_by_others", [False, True])
def test_removal_by_curator_says_whether_the_song_is_kept(
    curator_client: Client, user: User, other: User, uploaded_by_others: bool
) -> None:
    track = make_track(user)
    if uploaded_by_others:
        add_claim(track, other)
    page = curator_client.get(reverse("track-remove", args=[track.pk])).content.decode()
    assert ("for everybody" in page) is not uploaded_by_others
    answer = curator_client.post(reverse("track-remove", args=[track.pk]), follow=True).content.decode()
    assert f"Removed: {track.title}" in answer
    assert Track.objects.filter(pk=track.pk).exists() is uploaded_by_others
