"""The index follows whatever changes the catalogue."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from catalog.models import Album, Artist, Credit, Track
from catalog.normalization import fold
from catalog.search import schema
from catalog.search.index import found_in_index
from catalog.search.reindex import reindex, unindexed
from tests.catalog.search.conftest import Titles
from tests.factories import make_audio, make_track


@pytest.fixture
def track(db: None) -> Track:
    return make_track(title="Orange", artist="Banana", album="Cherry", genre="Hip Hop", year=1987)


def test_edits(track: Track, titles: Titles) -> None:
    track.title = "Mandarin"
    track.save()
    assert titles("orange") == []
    assert titles("mandarin banana cherry") == ["Mandarin"]


def test_new_names_of_artist_and_album(track: Track, titles: Titles) -> None:
    track.artist.name = "Melon"
    track.artist.save()
    assert titles("banana") == []
    assert titles("orange melon") == ["Orange"]
    assert track.album is not None
    track.album.title = "Grape"
    track.album.save()
    assert titles("cherry") == []
    assert titles("melon grape") == ["Orange"]
    assert list(found_in_index(Album.objects.all(), "album", "melon grape")) == [track.album]
    assert list(found_in_index(Artist.objects.all(), "artist", "banana")) == []


def test_credits(track: Track, titles: Titles) -> None:
    guest = Artist.objects.get_or_create_by_name("Pomelo")
    credit = Credit.objects.create(track=track, artist=guest)
    assert titles("orange pomelo") == ["Orange"]
    guest.name = "Quince"
    guest.save()
    assert titles("pomelo") == []
    assert titles("quince") == ["Orange"]
    credit.delete()
    assert titles("quince") == []


def test_merges_move_songs_by_an_update(track: Track, titles: Titles) -> None:
    other = Artist.objects.get_or_create_by_name("Kiwi")
    Album.objects.filter(artist=track.artist).update(artist=other)
    Track.objects.filter(artist=track.artist).update(artist=other)
    track.artist.delete()
    assert titles("banana") == []
    assert titles("kiwi orange") == ["Orange"]
    assert list(found_in_index(Album.objects.all(), "album", "kiwi")) == [track.album]


def test_removed(track: Track, titles: Titles) -> None:
    Album.objects.all().delete()
    assert titles("cherry") == []
    assert titles("orange") == ["Orange"]
    Track.objects.filter(pk=track.pk).delete()
    assert titles("orange") == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalog_search_track")
        assert cursor.fetchone()[0] == 0


def test_undone_with_its_transaction(track: Track, titles: Titles) -> None:
    with transaction.atomic():
        Track.objects.filter(pk=track.pk).update(title="Lychee", title_key="lychee")
        assert titles("lychee") == ["Lychee"]
        transaction.set_rollback(True)
    assert titles("lychee") == []
    assert titles("orange") == ["Orange"]


def test_written_many_at_once(track: Track, titles: Titles) -> None:
    Track.objects.bulk_create(
        Track(title=f"Tune {n}", title_key=f"tune {n}", artist=track.artist, audio=make_audio())
        for n in range(3)
    )
    assert len(titles("tune banana")) == 3
    Track.objects.update(genre_key="folk")
    assert titles("tnue")
    Track.objects.filter(title_key="tune 1").update(title_key="melody")
    assert titles("melody banana") == ["Tune 1"]


def test_names_written_past_save_need_to_be_folded(track: Track, titles: Titles) -> None:
    Track.objects.filter(pk=track.pk).update(title="Papaya")
    Artist.objects.filter(pk=track.artist_id).update(name="Ágave")
    assert titles("papaya") == []
    reindex(refold=True)
    assert titles("papaya agave") == ["Papaya"]


def test_everything_anew(track: Track, titles: Titles) -> None:
    """What was written while nobody looked is there afterwards, and what is written then is, too."""
    Credit.objects.create(track=track, artist=Artist.objects.get_or_create_by_name("Pomelo"))
    with unindexed():
        Artist.objects.create(name="Tamarind")
        make_track(title="Unseen", artist="Tamarind")
        assert titles("unseen") == []
    assert titles("unseen") == ["Unseen"]
    assert titles("unsene") == ["Unseen"]
    assert titles("orange pomelo cherry") == ["Orange"]
    make_track(title="Seen")
    assert titles("seen") == ["Seen"]
    call_command("reindex", verbosity=0)
    assert titles("seen") == ["Seen"]


def test_tags_are_kept_in_step(track: Track) -> None:
    def tags() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tags FROM catalog_search_track")
            return str(cursor.fetchone()[0])

    assert tags() == "#g#hip#hop #d1980"
    track.genre, track.year = "", 2001
    track.save()
    assert tags() == "#d2000"


@pytest.fixture
def moved_aside(db: None) -> Iterator[None]:
    schema.before_migrations(using="default", plan=["something"])
    yield
    schema.after_migrations(using="default")


def test_migrations_find_no_triggers_and_leave_them_all(db: None, moved_aside: None) -> None:
    def installed() -> set[str]:
        return set(schema.triggers(connection))

    assert installed() == set()
    schema.after_migrations(using="default")
    assert installed() == set(schema.dialect(connection).TRIGGERS)
    schema.after_migrations(using="default")
    schema.before_migrations(using="default", plan=[])
    assert installed() == set(schema.dialect(connection).TRIGGERS)


@pytest.mark.django_db(transaction=True)
def test_an_emptied_catalogue_has_an_empty_index(titles: Titles) -> None:
    make_track(title="Orange")
    call_command("flush", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalog_search_track")
        assert cursor.fetchone()[0] == 0


def test_keys_in_the_database_are_those_of_the_query(db: None) -> None:
    from catalog.search import spelling  # noqa: PLC0415  # beside what it is compared with

    words = ["beatles", "abcd", "thunderstruck", "canción", "звездаааа"]
    make_track(title=" ".join(words), artist=f"x{uuid4().hex[:3]}1")
    for word in map(fold, words):
        with connection.cursor() as cursor:
            cursor.execute("SELECT key FROM catalog_search_vocabulary WHERE word = %s", [word])
            assert {key for (key,) in cursor.fetchall()} == spelling.keys(word)
