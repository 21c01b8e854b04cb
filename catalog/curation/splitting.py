"""Split an artist or an album by its songs, or a track by its recordings.

For what nobody can undo any more, or what never was a merge: two artists of one name, say.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog import hooks
from catalog.curation import history
from catalog.curation.errors import changed_since, check_curator
from catalog.curation.locks import lock_exclusively, lock_rows
from catalog.curation.merging import merge_rows
from catalog.errors import CatalogError
from catalog.models import Album, Artist, AudioFile, Change, Track, Upload, Visibility


def split(row: Artist | Album, tracks: Iterable[UUID], name: str, user: User) -> Artist | Album:
    """Move these shared ``tracks`` of ``row`` to the artist called ``name``, or to the album of that title.

    Returns that one; it is made if it is not there. Raises ``CatalogError``: ``not_yours`` (403), ``same``,
    ``no_name`` and ``nothing_chosen`` (400).
    """
    check_curator(row, user)
    if not name:
        raise CatalogError("no_name", _("Enter where they belong."))
    with transaction.atomic():
        lock_exclusively()
        chosen = songs_of(row).filter(pk__in=list(tracks))
        found = list(chosen.select_related("artist", "album__artist").order_by("pk"))
        if not found:
            raise CatalogError("nothing_chosen", _("Choose at least one song."))
        other: Artist | Album = (
            Artist.objects.get_or_create_by_name(name, merged=False)
            if isinstance(row, Artist)
            else Album.objects.get_or_create_by_title(name, row.artist)
        )
        if other.pk == row.pk:
            raise CatalogError("same", _("These are already the same."))
        before = {str(t.pk): [str(t.artist_id), str(t.album_id) if t.album_id else None] for t in found}
        for track in found:
            _reassign(track, row, other)
        after = {str(t.pk): [str(t.artist_id), str(t.album_id) if t.album_id else None] for t in found}
        titles = [track.title for track in found]
        history.record(
            Change.Kind.SPLIT,
            row,
            user,
            {"places": before},
            {"places": after, "to": other.label, "tracks": titles},
        )
    return other


def songs_of(row: Artist | Album) -> "QuerySet[Track]":
    """Return the shared songs that can be split off."""
    return row.tracks.filter(visibility=Visibility.SHARED)


def _reassign(track: Track, row: Artist | Album, other: Artist | Album) -> None:
    if isinstance(other, Album):
        _copy_details(other, track.album)
        track.album = other
    else:
        track.artist = other
        track.credits.filter(artist=other).delete()
        if track.album and track.album.artist_id == row.pk:
            album = Album.objects.get_or_create_by_title(track.album.title, other)
            _copy_details(album, track.album)
            track.album = album
    track.save()


def _copy_details(album: Album, model: Album | None) -> None:
    """Give a new album the year and the picture of the one it came from."""
    if model is not None and not album.cover and album.year is None and not album.tracks.exists():
        album.year, album.cover, album.compilation = model.year, model.cover, model.compilation
        album.save()


def recordings(track: Track) -> "QuerySet[AudioFile]":
    """Return the recordings that were merged into ``track``, beside its own."""
    held = Upload.objects.filter(track=track).exclude(audio=track.audio_id)
    return AudioFile.objects.filter(pk__in=held.values("audio")).order_by("created_at")


def split_track(track: Track, audio: AudioFile, user: User) -> Track:
    """Make ``audio``, which was merged into ``track``, a track of its own again, with the same names.

    Raises ``CatalogError``: ``not_yours`` (403), ``gone`` (409).
    """
    check_curator(track, user)
    with transaction.atomic():
        lock_exclusively()
        rows = lock_rows(Track, [track.pk])
        uploads = Upload.objects.filter(track=track, audio=audio).order_by("created_at")
        first = uploads.first()
        taken = Track.objects.filter(audio=audio, visibility=Visibility.SHARED).exists()
        if not rows or first is None or taken or audio.pk == rows[0].audio_id:
            raise CatalogError("gone", _("This recording is no longer part of the song."), status=409)
        found = rows[0]
        new_track = Track(
            title=found.title,
            artist=found.artist,
            album=found.album,
            genre=found.genre,
            year=found.year,
            audio=audio,
            owner=first.user,
            visibility=Visibility.SHARED,
        )
        new_track.save(force_insert=True)
        uploads.update(track=new_track)
        hooks.split.send(found, new_track)
        places = {"own": str(new_track.pk)}
        history.record(
            Change.Kind.SPLIT, found, user, places, {"to": new_track.label, "tracks": [new_track.title]}
        )
    return new_track


def undo_split(change: Change, row: Artist | Album | Track) -> None:
    """Move songs back that are still where ``change`` put them, inside a transaction with the exclusive lock.

    Raises ``CatalogError("changed_since")`` (409) when none is.
    """
    if isinstance(row, Track):
        rows = lock_rows(Track, [UUID(change.before["own"])])
        if not rows or rows[0].visibility != Visibility.SHARED:
            raise changed_since()
        merge_rows(rows[0], row)
        return
    places: dict[str, list[Any]] = change.before["places"]
    back = 0
    for track in Track.objects.filter(pk__in=list(places)).select_related("artist", "album"):
        now = [str(track.artist_id), str(track.album_id) if track.album_id else None]
        artist, album = places[str(track.pk)]
        if now != change.after["places"][str(track.pk)] or not Artist.objects.filter(pk=artist).exists():
            continue
        track.artist = Artist.objects.get(pk=artist)
        track.album = Album.objects.filter(pk=album).first() if album else None
        track.save()
        back += 1
    if not back:
        raise changed_since()
