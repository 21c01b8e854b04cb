"""Pages of the catalogue: what they show, to whom, and that strangers' songs look like nothing at all."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from catalog.models import Track, Visibility
from separation.models import Status
from tests.factories import add_claim, make_separation, make_track

pytestmark = pytest.mark.django_db


def text(client: Client, address: str, **query: str) -> str:
    """The page's words, with single spaces."""
    answer = client.get(address, query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def owner_client(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def test_the_empty_library_says_what_to_do(client: Client) -> None:
    assert "The library is empty" in text(client, "/")
    assert "No artists yet" in text(client, "/artists/")


def test_newest_songs_first_with_their_parts(client: Client, user: User) -> None:
    old = make_track(user, title="Old one", seconds=65)
    make_track(user, title="New one")
    make_separation(old, model="compact:4stems")
    make_separation(old, model="compact:2stems")
    page = client.get("/").content.decode()
    assert page.index("New one") < page.index("Old one")
    assert 'aria-label="Vocals, Drums, Bass, Other"' in page
    assert "1:05" in page


@pytest.mark.parametrize(
    ("status", "words"), [(Status.RUNNING, "Being separated"), (Status.QUEUED, "Waiting to be separated")]
)
def test_lists_show_separations_in_progress(client: Client, user: User, status: Status, words: str) -> None:
    make_separation(make_track(user), status=status)
    assert words in text(client, "/")


def test_search_finds_songs_artists_and_albums(client: Client, user: User) -> None:
    make_track(user, title="Canción de agua", artist="Ana Ríos", album="Orilla")
    make_track(user, title="Otra cosa", artist="Somebody")
    found = text(client, "/", q="cancion")
    assert "1 song" in found
    assert "Canción de agua" in found
    assert "Otra cosa" not in found
    assert "Orilla" in text(client, "/", q="orilla")
    fragment = client.get("/", {"q": "rios", "fragment": "results"}).content.decode()
    assert "Ana Ríos" in fragment
    assert "<html" not in fragment


def test_search_without_result_offers_to_add_the_song(client: Client) -> None:
    page = client.get("/", {"q": "<script>"}).content.decode()
    assert "Nothing found for “&lt;script&gt;”" in page
    assert reverse("upload") in page


def test_lists_take_a_constant_number_of_queries(
    client: Client, user: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        make_separation(make_track(user, title=f"Song {number}", album=f"Album {number}"))
    with django_assert_max_num_queries(6):
        client.get("/")


def test_long_lists_have_pages(client: Client, user: User) -> None:
    for number in range(25):
        make_track(user, title=f"Song {number:02}")
    assert "1 of 2" in text(client, "/", q="song")
    second = client.get("/", {"page": "2", "q": "song"}).content.decode()
    assert "Song 00" in text(client, "/", page="2", q="song")
    assert "?page=1&amp;q=song" in second or "?q=song&amp;page=1" in second


def test_artists_by_letter(client: Client, user: User) -> None:
    for name in ("Ana Ríos", "Ángela", "Björk", "2 Minutos"):
        make_track(user, artist=name)
    everybody = text(client, "/artists/")
    assert all(name in everybody for name in ("Ana Ríos", "Ángela", "Björk", "2 Minutos"))
    some = text(client, "/artists/", letter="a")
    assert "Ángela" in some
    assert "Björk" not in some
    assert "2 Minutos" in text(client, "/artists/", letter="0")


def test_artist_and_album_pages(client: Client, user: User) -> None:
    first = make_track(user, title="First", album="Orilla", track_number=1)
    make_track(user, title="Second", album="Orilla", track_number=2)
    assert first.album is not None
    artist = text(client, f"/artists/{first.artist.slug}/")
    assert "Orilla" in artist
    assert "2 songs" in artist
    album = client.get(f"/albums/{first.album.pk}/").content.decode()
    assert album.index("First") < album.index("Second")


def test_private_songs_are_404_for_others(client: Client, user: User, other: User) -> None:
    secret = make_track(
        user, title="Secret", artist="Nobody Knows", album="Hidden", visibility=Visibility.PRIVATE
    )
    assert secret.album is not None
    addresses = [
        f"/artists/{secret.artist.slug}/",
        f"/albums/{secret.album.pk}/",
        f"/tracks/{secret.pk}/edit/",
        f"/tracks/{secret.pk}/remove/",
    ]
    client.force_login(other)
    assert "Nobody Knows" not in text(client, "/artists/")
    assert "Nobody Knows" not in text(client, "/", q="nobody")
    for address in addresses:
        assert client.get(address).status_code == 404
    client.force_login(user)
    assert "Only you see this song" in text(client, "/")
    for address in addresses:
        assert client.get(address).status_code == 200


def test_the_owner_edits_the_names(owner_client: Client, user: User) -> None:
    track = make_track(user, album="Orilla")
    address = f"/tracks/{track.pk}/edit/"
    names = {"title": "New\x07 title", "artist": "Ana Ríos", "album": "", "genre": "Folk", "year": "2019"}
    answer = owner_client.post(address, names | {"visibility": "private"})
    assert answer.status_code == 302
    track = Track.objects.with_names().get(pk=track.pk)
    assert (track.title, track.artist.name, track.album, track.genre, track.year) == (
        "New title",
        "Ana Ríos",
        None,
        "Folk",
        2019,
    )
    assert track.visibility == Visibility.PRIVATE


def test_a_name_needs_a_letter(owner_client: Client, user: User) -> None:
    track = make_track(user)
    answer = owner_client.post(
        f"/tracks/{track.pk}/edit/", {"title": "\u202e", "artist": "A", "visibility": "shared"}
    )
    assert answer.status_code == 200
    assert "This name has no letters." in answer.content.decode()


def test_the_form_says_why_a_song_stays_shared(owner_client: Client, user: User, other: User) -> None:
    track = make_track(user)
    add_claim(track, other)
    names = {"title": "T", "artist": "A", "visibility": "private"}
    assert "it stays shared" in owner_client.post(f"/tracks/{track.pk}/edit/", names).content.decode()
    track.refresh_from_db()
    assert track.visibility == Visibility.SHARED


def test_others_may_not_edit_or_remove(owner_client: Client, other: User) -> None:
    track = make_track(other)
    for page in ("edit", "remove"):
        answer = owner_client.post(f"/tracks/{track.pk}/{page}/", {"title": "Mine now"})
        assert answer.status_code == 403
        assert "You do not have access" in answer.content.decode()


def test_removing_asks_first_and_keeps_songs_of_others(owner_client: Client, user: User, other: User) -> None:
    alone, together = make_track(user), make_track(user)
    add_claim(together, other)
    assert "for everybody" in text(owner_client, f"/tracks/{alone.pk}/remove/")
    assert "stays in the library" in text(owner_client, f"/tracks/{together.pk}/remove/")
    for track in (alone, together):
        assert owner_client.post(f"/tracks/{track.pk}/remove/").status_code == 302
    assert list(Track.objects.values_list("pk", "owner")) == [(together.pk, other.pk)]


@pytest.mark.parametrize("page", ["edit", "remove"])
def test_visitors_sign_in_first(client: Client, user: User, page: str) -> None:
    track = make_track(user)
    address = f"/tracks/{track.pk}/{page}/"
    assert client.get(address).headers["Location"] == f"/accounts/login/?next={address}"


def test_content_security_policy_allows_nothing_inline_or_foreign(client: Client, user: User) -> None:
    make_separation(make_track(user))
    for address in ("/", "/artists/", f"/tracks/{Track.objects.get().pk}/", "/accounts/login/"):
        answer = client.get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        page = answer.content.decode()
        assert not re.search(r"""\s(style|on[a-z]+)=["']""", page)
        assert not re.search(r"""(src|href|action)=["'](https?:)?//""", page)
        for script in re.findall(r"<script(?![^>]*\b(?:src|nonce)=)[^>]*>", page):
            assert "application/json" in script


def test_the_front_page_is_small(client: Client, user: User) -> None:
    for number in range(30):
        make_separation(make_track(user, title=f"Song {number}"), model="compact:4stems")
    assert len(client.get("/").content) < 50_000


def test_page_not_found_has_the_layout_of_the_site(client: Client) -> None:
    answer = client.get("/nothing/here/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    assert 'class="brand"' in answer.content.decode()
