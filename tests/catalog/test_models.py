"""Rules of the rows: who sees what, how things are found, and which names are one."""

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.db import IntegrityError, transaction

from accounts.models import User
from catalog.models import Album, Artist, AudioFile, Track, Visibility
from catalog.search.index import found_in_index
from tests.catalog.races import at_once


def audio(n: int) -> AudioFile:
    return AudioFile.objects.create(
        audio_digest=f"{n:064x}",
        checksum=f"{n:064x}",
        size=1,
        key=f"audio/{n}",
        container="flac",
        codec="flac",
        lossless=True,
        sample_rate=44_100,
        channels=2,
        samples=1,
        frames=1,
        duration=1.0,
        peak=1.0,
    )


def track(n: int, title: str = "x", artist: str = "y", **fields: object) -> Track:
    return Track.objects.create(
        title=title, artist=Artist.objects.get_or_create_by_name(artist), audio=audio(n), **fields
    )


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("visitor", {"shared"}),
        ("user", {"shared", "mine"}),
        ("other", {"shared", "theirs"}),
        ("staff", {"shared"}),
    ],
)
def test_visible_to_filters_tracks(user: User, other: User, who: str, seen: set[str]) -> None:
    track(1, "shared", owner=user)
    track(2, "mine", owner=user, visibility=Visibility.PRIVATE)
    track(3, "theirs", owner=other, visibility=Visibility.PRIVATE)
    track(4, "nobody's", visibility=Visibility.PRIVATE)
    staff = User.objects.create_superuser("admin@example.org", "x")
    people: dict[str, User | AnonymousUser] = {
        "visitor": AnonymousUser(),
        "user": user,
        "other": other,
        "staff": staff,
    }
    assert {row.title for row in Track.objects.visible_to(people[who])} == seen


def test_edit_permissions_of_a_track(user: User, other: User) -> None:
    row = track(1, owner=user)
    assert row.may_be_edited_by(user)
    assert not row.may_be_edited_by(other)
    assert not row.may_be_edited_by(AnonymousUser())
    other.user_permissions.add(Permission.objects.get(codename="change_track"))
    assert row.may_be_edited_by(User.objects.get(pk=other.pk))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cancion RIOS", {"Canción"}),
        ("orilla", {"Canción"}),
        ("can   rí", {"Canción"}),
        ("!!!", {"!!!"}),
        ("%", set()),
        ("_", set()),
        ("nothing", set()),
        ("", {"Canción", "!!!"}),
    ],
)
def test_search(db: None, words: str, found: set[str]) -> None:
    ana = Artist.objects.get_or_create_by_name("Ana Ríos")
    Track.objects.create(
        title="Canción", artist=ana, album=Album.objects.get_or_create_by_title("Orilla", ana), audio=audio(1)
    )
    track(2, "!!!", "Chk")
    assert {row.title for row in found_in_index(Track.objects.all(), "track", words)} == found
    assert found_in_index(Artist.objects.all(), "artist", "RIOS ana").get() == ana
    assert found_in_index(Album.objects.all(), "album", "rios orilla").get().artist == ana


def test_spellings_of_one_name_are_one_artist(db: None) -> None:
    first = Artist.objects.get_or_create_by_name("Beyoncé")
    assert Artist.objects.get_or_create_by_name("BEYONCE ") == first
    assert first.slug == "beyonce"
    assert Artist.objects.get_or_create_by_name("!!!").slug == "artist"
    assert Artist.objects.get_or_create_by_name("???").slug.startswith("artist-")
    assert Album.objects.get_or_create_by_title("A", first) == Album.objects.get_or_create_by_title(
        "a.", first
    )
    assert Album.objects.get_or_create_by_title(
        "A", Artist.objects.get_or_create_by_name("Other")
    ) != Album.objects.get_or_create_by_title("A", first)


def test_slug_is_kept_when_the_name_changes(db: None) -> None:
    row = Artist.objects.get_or_create_by_name("Ana")
    row.name = "Eva"
    row.save()
    assert (row.key, row.slug) == ("eva", "ana")


def test_a_track_without_a_picture_shows_its_albums(db: None) -> None:
    ana = Artist.objects.get_or_create_by_name("Ana")
    row = Track(title="x", artist=ana)
    assert row.picture == ""
    row.album = Album(title="y", artist=ana, cover="album.jpg")
    assert row.picture == "album.jpg"
    row.cover = "own.jpg"
    assert row.picture == "own.jpg"


def test_audio_is_shared_once_and_private_once_for_each(user: User, other: User) -> None:
    row = track(1, owner=user)
    for owner in (user, other):
        Track.objects.create(
            title="x", artist=row.artist, audio=row.audio, owner=owner, visibility=Visibility.PRIVATE
        )
    for owner, visibility in ((other, Visibility.SHARED), (user, Visibility.PRIVATE)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Track.objects.create(
                title="x", artist=row.artist, audio=row.audio, owner=owner, visibility=visibility
            )


@pytest.mark.django_db(transaction=True)
def test_concurrent_uploads_make_one_artist() -> None:
    rows = at_once(10, lambda n: Artist.objects.get_or_create_by_name(("Ana Ríos", "ANA RIOS")[n % 2]))
    assert len({row.pk for row in rows}) == Artist.objects.count() == 1
