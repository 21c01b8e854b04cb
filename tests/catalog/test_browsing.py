"""Going through the library: artists, albums with their discs, songs in every order, genres, old addresses."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.models import Album, Artist, Track, Visibility
from catalog.redirects import Kind, add_redirect
from catalog.uploads.featured_artists import credit
from catalog.web.track_lists import SongList, front_page_sections
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db


def text(client: Client, address: str, **query: str) -> str:
    """The words of a page's main part, with single spaces."""
    answer = client.get(address, query)
    assert answer.status_code == 200
    page = answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<main") : page.index("</main")]))


def titles(client: Client, address: str, **query: str) -> list[str]:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return re.findall(r'<a href="/tracks/[^"]*">([^<]*)</a>', answer.content.decode())


@pytest.fixture
def library(user: User) -> list[Track]:
    """Four songs, each with a day and a number of plays of its own; the newest is played least."""
    now = timezone.now()
    songs = [make_track(user, title=title, artist=title) for title in ("Delta", "Beta", "alfa", "2 Gamma")]
    for number, song in enumerate(songs):
        Track.objects.filter(pk=song.pk).update(
            created_at=now - timedelta(days=9 - number),
            plays=3 - number,
            separated_at=now if number < 2 else None,
        )
    return songs


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["2 Gamma", "alfa", "Beta", "Delta"]),
        ({"order": "newest"}, ["2 Gamma", "alfa", "Beta", "Delta"]),
        ({"order": "played"}, ["Delta", "Beta", "alfa"]),
        ({"order": "title"}, ["2 Gamma", "alfa", "Beta", "Delta"]),
        ({"order": "title", "letter": "b"}, ["Beta"]),
        ({"order": "title", "letter": "0"}, ["2 Gamma"]),
        ({"order": "title", "letter": "z"}, []),
        ({"order": "nonsense", "page": "x"}, ["2 Gamma", "alfa", "Beta", "Delta"]),
    ],
)
def test_songs_in_every_order(
    client: Client, library: list[Track], query: dict[str, str], expected: list[str]
) -> None:
    assert titles(client, "/songs/", **query) == expected


def test_recently_separated_songs_are_listed(client: Client, library: list[Track]) -> None:
    assert set(titles(client, "/songs/", order="separated")) == {"Delta", "Beta"}


def test_front_page_has_a_section_for_each_order(client: Client, library: list[Track]) -> None:
    page = text(client, "/")
    assert "Newest songs" in page
    assert "Most played" in page
    assert "Recently separated" in page
    fragment = client.get("/", {"fragment": "results"}).content.decode()
    assert "Most played" in fragment
    assert "<html" not in fragment


def test_private_songs_are_listed_among_shared_ones(client: Client, user: User, other: User) -> None:
    now = timezone.now()
    for number in range(6):
        owner, visibility = (user, Visibility.PRIVATE) if number % 2 else (other, Visibility.SHARED)
        song = make_track(owner, title=f"Song {number}", visibility=visibility)
        Track.objects.filter(pk=song.pk).update(created_at=now + timedelta(minutes=number), plays=6 - number)
    for fields, expected in (
        (["-created_at"], [5, 4, 3, 2, 1, 0]),
        (["-plays", "-created_at"], [0, 1, 2, 3, 4, 5]),
        (["title_key", "pk"], [0, 1, 2, 3, 4, 5]),
    ):
        rows = SongList(Track.objects.all(), fields, user)
        assert [song.title for song in rows[0:9]] == [f"Song {number}" for number in expected]
        assert [song.title for song in rows[2:4]] == [f"Song {number}" for number in expected[2:4]]
    assert [song.title for song in front_page_sections(other)[0].songs] == ["Song 4", "Song 2", "Song 0"]
    client.force_login(user)
    assert len(titles(client, "/songs/")) == 6


def test_long_lists_are_not_counted_and_have_pages(
    client: Client, user: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        make_track(user, title=f"Song {number:02}", artist=f"Artist {number:02}", album=f"Album {number:02}")
    first, second, third = (titles(client, "/songs/", order="title", page=page) for page in "123")
    assert (len(first), len(second), len(third)) == (24, 24, 2)
    assert first + second + third == [f"Song {number:02}" for number in range(50)]
    assert "Page 2" in text(client, "/songs/", page="2")
    assert titles(client, "/songs/", page="9999999") == []
    for address in ("/songs/", "/artists/", "/albums/"):
        with django_assert_max_num_queries(4) as queries:
            client.get(address)
        assert "COUNT(*)" not in "".join(query["sql"] for query in queries.captured_queries)


def test_names_are_sorted_without_their_article(client: Client, user: User) -> None:
    for name in ("The Beatles", "Ana", "Los Zetas", "Björk"):
        make_track(user, artist=name, album=name)
    for address in ("/artists/", "/albums/"):
        page = text(client, address)
        places = [page.index(name) for name in ("Ana", "The Beatles", "Björk", "Los Zetas")]
        assert places == sorted(places)
        some = text(client, address, letter="b")
        assert "The Beatles" in some
        assert "Ana " not in some
        assert "here." in text(client, address, letter="q")


def test_an_album_by_its_discs(client: Client, user: User) -> None:
    for disc, number, title in ((2, 1, "Third"), (1, 2, "Second"), (1, 1, "First"), (2, None, "Last")):
        track = make_track(
            user, title=title, album="Orilla", disc_number=disc, track_number=number, genre="Folk", seconds=60
        )
    assert track.album is not None
    address = f"/albums/{track.album.pk}/"
    assert titles(client, address) == ["First", "Second", "Third", "Last"]
    page = text(client, address)
    assert page.index("Disc 1") < page.index("First") < page.index("Disc 2") < page.index("Third")
    assert "4 songs · 4:00" in page
    assert 'href="/genres/folk/"' in client.get(address).content.decode()


def test_a_compilation_names_each_artist(client: Client, user: User) -> None:
    album = Album.objects.get_or_create_by_title(
        "Hits", Artist.objects.get_or_create_by_name("Various artists")
    )
    Album.objects.update(compilation=True)
    for name in ("Ana", "Ben"):
        track = make_track(user, artist=name, title=f"{name}'s song")
        Track.objects.filter(pk=track.pk).update(album=album)
    page = text(client, f"/albums/{album.pk}/")
    assert "Compilation" in page
    assert all(name in page for name in ("Ana", "Ben", "Various artists"))
    assert "Hits" in text(client, "/artists/ana/")
    assert "Hits" in text(client, "/artists/various-artists/")


def test_guests_are_named_and_have_pages(client: Client, user: User, other: User) -> None:
    track = make_track(user, title="Duet", artist="Ana")
    secret = make_track(user, title="Secret", artist="Ana", visibility=Visibility.PRIVATE)
    ben, zoe = Artist.objects.get_or_create_by_name("Ben"), Artist.objects.get_or_create_by_name("Zoé")
    credit(track, [ben, zoe])
    credit(secret, [Artist.objects.get_or_create_by_name("Hidden")])
    assert "Ana feat. Ben &amp; Zoé" in text(client, "/songs/")
    song = client.get(f"/tracks/{track.pk}/").content.decode()
    assert re.search(r"Ana</a> feat\. <a [^>]*>Ben</a> &amp; <a [^>]*>Zoé</a>", song)
    page = text(client, "/artists/ben/")
    assert page.index("Appears on") < page.index("Duet")
    assert titles(client, "/songs/", **{"with": "ben"}) == ["Duet"]
    client.force_login(other)
    assert client.get("/artists/hidden/").status_code == 404
    assert client.get("/songs/", {"with": "hidden"}).status_code == 404
    client.force_login(user)
    assert titles(client, "/artists/hidden/") == ["Secret"]


def test_an_artist_with_many_songs_has_pages(
    client: Client, user: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        credit(
            make_track(user, title=f"Song {number:02}", artist="Ana"),
            [Artist.objects.get_or_create_by_name("Ben")],
        )
    assert len(titles(client, "/artists/ana/")) == 48
    assert titles(client, "/artists/ana/", page="2") == ["Song 48", "Song 49"]
    with django_assert_max_num_queries(12):
        client.get("/artists/ana/")
    assert titles(client, "/artists/ben/")[0] == "Song 49"
    assert len(titles(client, "/artists/ben/")) == 12


def test_genres(client: Client, user: User, other: User) -> None:
    for genre in ("Hip-Hop", "hip hop", "Folk", "", "///"):
        make_track(user, title=genre or "None", genre=genre)
    make_track(user, title="Mine", genre="Secret", visibility=Visibility.PRIVATE)
    page = text(client, "/genres/")
    assert "Folk hip hop" in page
    assert "Secret" not in page
    assert set(titles(client, "/genres/hip-hop/")) == {"Hip-Hop", "hip hop"}
    client.force_login(other)
    for address in ("/genres/secret/", "/genres/none/", "/genres/-/"):
        assert client.get(address).status_code == 404
    client.force_login(user)
    assert "Secret" in text(client, "/genres/")
    assert titles(client, "/genres/secret/") == ["Mine"]


@pytest.mark.parametrize(
    "address", ["/genres/%00/", "/songs/?with=%00", "/albums/?artist=%00", "/artists/" + "x" * 300 + "/"]
)
def test_impossible_names_are_404(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_unknown_artist_is_named_in_the_language_of_the_page(client: Client, user: User) -> None:
    make_track(user, artist="Unknown artist", title="Lost")
    assert "Unknown artist" in text(client, "/artists/")
    spanish = client.get("/artists/", headers={"accept-language": "es"}).content.decode()
    assert "Artista desconocido" in spanish
    assert "Unknown artist" not in spanish


def test_former_addresses_redirect(client: Client, user: User) -> None:
    track = make_track(user, album="Orilla")
    assert track.album is not None
    old = uuid.uuid4()
    add_redirect(Kind.ARTIST, "anna-torres", track.artist.pk)
    add_redirect(Kind.ALBUM, old, track.album.pk)
    add_redirect(Kind.TRACK, old, track.pk)
    for before, now in (
        ("/artists/anna-torres/", "/artists/ana-torres/"),
        (f"/albums/{old}/", f"/albums/{track.album.pk}/"),
        (f"/tracks/{old}/", f"/tracks/{track.pk}/"),
    ):
        answer = client.get(before, {"page": "2"})
        assert (answer.status_code, answer.headers["Location"]) == (301, f"{now}?page=2")
    Track.objects.update(visibility=Visibility.PRIVATE)
    for before in ("/artists/anna-torres/", f"/albums/{old}/", f"/tracks/{old}/"):
        assert client.get(before).status_code == 404


def test_play_counts_once_for_each_visit(client: Client, user: User) -> None:
    track = make_track(user)
    address = f"/tracks/{track.pk}/played/"
    for _time in range(3):
        assert client.post(address).status_code == 204
    track.refresh_from_db()
    assert track.plays == 1
    session = client.session
    session["played"] = {pk: at - 2_000 for pk, at in session["played"].items()}
    session.save()
    client.post(address)
    Client().post(address)
    track.refresh_from_db()
    assert track.plays == 3
    assert client.get(address).status_code == 405
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403


def test_plays_of_invisible_songs_are_not_counted(client: Client, user: User) -> None:
    track = make_track(user, visibility=Visibility.PRIVATE)
    assert client.post(f"/tracks/{track.pk}/played/").status_code == 404
    assert client.post(f"/tracks/{uuid.uuid4()}/played/").status_code == 404
    track.refresh_from_db()
    assert track.plays == 0


def test_track_page_shows_the_stems(client: Client, user: User) -> None:
    track = make_track(user)
    assert "Separated into" not in text(client, f"/tracks/{track.pk}/")
    make_separation(track, model="compact:2stems")
    make_separation(track, model="compact:4stems")
    page = text(client, f"/tracks/{track.pk}/")
    assert "Vocals, Drums, Bass, Other" in page
    assert "compact:4stems" in page


def test_covers_have_a_size_that_fits(client: Client, user: User) -> None:
    track = make_track(user, album="Orilla", cover="covers/aa/bb/aabbccdd.jpg")
    assert track.album is not None
    page = client.get("/songs/").content.decode()
    assert f'src="/covers/{track.pk}/?size=96&amp;v=aabbccdd"' in page
    assert f"/covers/{track.pk}/?size=960&amp;v=aabbccdd 960w" in page
    assert (
        f"/covers/album/{track.album.pk}/?size=320&amp;v=aabbccdd" in client.get("/albums/").content.decode()
    )
