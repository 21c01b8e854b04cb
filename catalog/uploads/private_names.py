"""Artists and albums of private songs: names that are their owner's alone until a song is shared.

A private song goes by the artist and the album that everybody may see. Where there is none of its name, its owner has
one of their own (``private_to``), which decides nothing about what others see: neither a spelling nor an id, an
address, a year or a picture. So every name is written as the first shared song has it.

Shared names that no shared song has any more, and private ones that a shared song has by now, are put right by
``update_all_names``: aside, so that nobody notices by the time that something takes.
"""

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from catalog.curation.locks import lock_exclusively
from catalog.curation.relations import move
from catalog.models import Album, Artist, Credit, Track, Visibility
from catalog.uploads.featured_artists import credit

BATCH = 500
MOST_BATCHES = 200


def reader_of(track: Track) -> User | None:
    """Return whose private names ``track`` may have; None for shared names only."""
    return track.owner if track.visibility == Visibility.PRIVATE else None


def update_names(track: Track) -> None:
    """Give ``track``, which was shared or made private, names that its readers may see, inside a transaction.

    What is shared brings its names along, also for its owner's other songs.
    """
    reader = reader_of(track)
    track.artist = _artist(track.artist, reader)
    if track.album is not None:
        track.album = _album(track.album, reader)
        if reader is None and track.cover:
            Album.objects.filter(pk=track.album.pk, cover="").update(cover=track.cover)
    track.save(update_fields=["artist", "album"])
    guests = Credit.objects.filter(track=track).select_related("artist")
    before = [row.artist for row in guests]
    after = [_artist(artist, reader) for artist in before]
    if after != before:
        credit(track, after)
    if reader is None and track.owner is not None:
        _merge_with_shared(
            Artist.objects.filter(private_to=track.owner), Album.objects.filter(private_to=track.owner)
        )


def _artist(artist: Artist, reader: User | None) -> Artist:
    if artist.private_to_id is None and (reader is None or _is_shared(artist)):
        return artist
    return Artist.objects.get_or_create_by_name(artist.name, private_to=reader)


def _album(album: Album, reader: User | None) -> Album:
    if album.private_to_id is None and (reader is None or _is_shared(album)):
        return album
    holder = _artist(album.artist, reader)
    found = Album.objects.get_or_create_by_title(album.title, holder, album.year, private_to=reader)
    if album.compilation and not found.tracks.exists():
        Album.objects.filter(pk=found.pk).update(compilation=True)
        found.refresh_from_db(fields=["compilation"])
    return found


def _is_shared(row: Artist | Album) -> bool:
    return type(row).objects.shared().filter(pk=row.pk).exists()


def _merge_with_shared(artists: QuerySet[Artist], albums: QuerySet[Album]) -> int:
    """Merge those of these private names that are shared by now into the shared ones; returns how many."""
    count = 0
    for artist in _known(artists)[:BATCH]:
        _replace(artist, Artist.objects.get(key=artist.key, private_to=None))
        count += 1
    for album in _known_albums(albums)[:BATCH]:
        _replace(album, Album.objects.get(artist=album.artist_id, key=album.key, private_to=None))
        count += 1
    return count


def _known(artists: QuerySet[Artist]) -> QuerySet[Artist]:
    return artists.filter(Exists(Artist.objects.shared().filter(key=OuterRef("key"))))


def _known_albums(albums: QuerySet[Album]) -> QuerySet[Album]:
    same = Album.objects.shared().filter(artist=OuterRef("artist"), key=OuterRef("key"))
    return albums.filter(Exists(same))


def _replace(row: Artist | Album, shared: Artist | Album) -> None:
    """Replace ``row``, without a former address: nobody but its owner knew it."""
    move(row, shared)
    if isinstance(row, Artist):  # nobody is a guest on their own song
        Credit.objects.filter(artist=shared.pk, track__artist=shared.pk).delete()
    row.delete()


def update_all_names() -> int:
    """Put names right that became everybody's, or stopped being so; returns how many tracks and names were changed.

    In an older library these are all names that only private songs have: some at a time, as nobody brings songs
    meanwhile.
    """
    total = 0
    for _batch in range(MOST_BATCHES):
        count = _update_batch()
        total += count
        if not count:
            break
    return total


def _update_batch() -> int:
    artists = Artist.objects.exclude(private_to=None)
    albums = Album.objects.exclude(private_to=None)
    if not (_without_shared_names().exists() or _known(artists).exists() or _known_albums(albums).exists()):
        return 0
    with transaction.atomic():
        lock_exclusively()
        missing = list(_without_shared_names().select_related("artist", "album__artist", "owner")[:BATCH])
        for track in missing:
            update_names(track)
        return len(missing) + _merge_with_shared(artists, albums)


def _without_shared_names() -> QuerySet[Track]:
    """Find private tracks that name a shared artist or album which no shared track names."""
    private = Track.objects.filter(visibility=Visibility.PRIVATE).exclude(owner=None)
    guests = Credit.objects.filter(track=OuterRef("pk"), artist__private_to=None)
    hidden_guest = guests.filter(~Exists(Artist.objects.shared().filter(pk=OuterRef("artist"))))
    return private.filter(
        _hidden(Artist, "artist") | _hidden(Album, "album") | Q(Exists(hidden_guest))
    ).order_by("pk")


def _hidden(model: Any, field: str) -> Q:
    shared = model.objects.shared().filter(pk=OuterRef(field))
    return Q(**{f"{field}__isnull": False, f"{field}__private_to": None}) & ~Q(Exists(shared))
