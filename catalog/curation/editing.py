"""Edit artists, albums and tracks, and who may hear a track.

Whoever edits says what they saw (``seen``, as from ``details()``). What they left as it was stays as it is by now,
and what somebody else changed meanwhile is never overwritten without their knowing.
"""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.curation import history
from catalog.curation.errors import ConflictError, NameTakenError, check_curator, gone, not_yours
from catalog.curation.fields import Details, Named, details, different, kind_of, write_above
from catalog.curation.locks import lock_exclusively, lock_shared
from catalog.curation.merging import merge_rows
from catalog.errors import CatalogError
from catalog.models import Album, Artist, Change, Track, Visibility
from catalog.normalization import fold, sort_name
from catalog.social.wishes import fulfil_by_name
from catalog.uploads.featured_artists import credit
from catalog.uploads.ownership import change_visibility, drop_claim, holds, remove
from catalog.uploads.private_names import reader_of
from catalog.uploads.raw_names import read_again

N = TypeVar("N", bound=Named)
M = TypeVar("M", Artist, Album)

NAMES: dict[str, tuple[str, ...]] = {
    Change.Target.ARTIST: (),
    Change.Target.ALBUM: ("artist",),
    Change.Target.TRACK: ("artist", "album__artist", "audio"),
}


def edit(track: Track, user: User, changes: dict[str, Any], seen: Details | None = None) -> Track:
    """Apply ``changes``: what is in ``details()``, ``visibility``, and ``encoding``, in which to read the names again.

    Returns the track there is afterwards: sharing what is shared already joins the two, and then the names of
    the shared one stand. Raises ``CatalogError``: ``not_yours`` (403), ``shared_by_others`` (409), ``gone`` (409),
    ``changed_meanwhile`` (409), ``no_raw_names`` (409).
    """
    changes = dict(changes)
    visibility = changes.pop("visibility", None)
    encoding = changes.pop("encoding", "")
    with transaction.atomic():
        lock_shared()
        track = lock_row(track)
        if not may_edit(track, user):
            raise not_yours()
        if visibility not in (None, track.visibility):
            if track.owner_id != user.pk:
                raise not_yours()
            shown = change_visibility(track, Visibility(visibility))
            if shown.pk != track.pk:
                return shown
            track = lock_row(shown)
        if encoding:
            typed = {
                name: value for name, value in changes.items() if seen is None or value != seen.get(name)
            }
            changes = read_again(track, encoding) | typed
        write(track, user, changes, seen)
        fulfil_by_name(track)
    return track


def edit_artist(artist: Artist, user: User, changes: dict[str, Any], seen: Details | None = None) -> Artist:
    """Apply ``changes``: ``name``, ``sort_name``. Raises ``CatalogError``: ``not_yours``, ``gone``, ``name_taken``,
    ``changed_meanwhile``."""
    return _edit_shared(artist, user, changes, seen)


def edit_album(album: Album, user: User, changes: dict[str, Any], seen: Details | None = None) -> Album:
    """Apply ``changes``: ``title``, ``artist`` (a name), ``year``, ``compilation``. Raises as ``edit_artist``."""
    return _edit_shared(album, user, changes, seen)


def _edit_shared(row: M, user: User, changes: dict[str, Any], seen: Details | None) -> M:
    check_curator(row, user)
    if row.private_to_id is not None:
        raise CatalogError(
            "not_shared", _("Only you see this name. Change it where your song is edited."), status=409
        )
    with transaction.atomic():
        lock_exclusively()
        row = lock_row(row)
        write(row, user, changes, seen)
    return row


def may_edit(track: Track, user: User) -> bool:
    """Whether ``user`` owns ``track``, or is a curator and it is shared."""
    mine = track.owner_id == user.pk
    return mine or (track.visibility == Visibility.SHARED and track.may_be_edited_by(user))


def write(
    row: Named,
    user: User,
    changes: Mapping[str, Any],
    seen: Details | None = None,
    kind: Change.Kind = Change.Kind.EDIT,
) -> Change | None:
    """Change a locked row, inside a transaction, and record what changed; None if nothing did."""
    before = details(row, changes)
    changes = _own(changes, seen, before)
    match row:
        case Artist():
            _write_artist(row, user, changes)
        case Album():
            _write_album(row, user, changes)
        case Track():
            _write_track(row, changes, before)
    old, new = different(before, details(row, changes))
    return history.record(kind, row, user, old, new) if old else None


def _own(changes: Mapping[str, Any], seen: Details | None, now: Details) -> dict[str, Any]:
    """Keep what this person changed. Raises ConflictError where that would overwrite somebody else's change."""
    if seen is None:
        return dict(changes)
    own = {name: value for name, value in changes.items() if value != seen.get(name)}
    lost = [name for name in own if now.get(name) not in (seen.get(name), own[name])]
    if lost:
        raise ConflictError(now, lost)
    return own


def _write_artist(artist: Artist, user: User, changes: dict[str, Any]) -> None:
    if "name" in changes:
        if artist.sort_name == sort_name(artist.name):
            changes.setdefault("sort_name", "")  # it was made from the name; so is the new one
        shared = Artist.objects.filter(key=fold(changes["name"])[:255], private_to=None)
        same = shared.exclude(pk=artist.pk).first()
        if same is not None:
            if Artist.objects.visible_to(user).filter(pk=same.pk).exists():
                raise NameTakenError(same)
            merge_rows(same, artist)
    for name in changes.keys() & {"name", "sort_name"}:
        setattr(artist, name, changes[name])
    artist.save()


def _write_album(album: Album, user: User, changes: dict[str, Any]) -> None:
    if "artist" in changes:
        album.artist = Artist.objects.get_or_create_by_name(changes["artist"])
    for name in changes.keys() & {"title", "year", "compilation", "cover"}:
        setattr(album, name, changes[name])
    shared = Album.objects.filter(artist=album.artist, key=fold(album.title)[:255], private_to=None)
    same = shared.exclude(pk=album.pk).first()
    if same is not None:
        if Album.objects.visible_to(user).filter(pk=same.pk).exists():
            raise NameTakenError(same)
        merge_rows(same, album)
    album.save()


def _write_track(track: Track, changes: dict[str, Any], before: Details) -> None:
    rename(track, changes)
    for name in changes.keys() & {"title", "genre", "year", "track_number", "disc_number", "cover"}:
        setattr(track, name, changes[name])
    track.save()
    write_above(track, changes)
    if changes.keys() & {"artist", "guests"}:
        guests: list[str] = changes["guests"] if "guests" in changes else before["guests"]
        reader = reader_of(track)
        credit(track, [Artist.objects.get_or_create_by_name(name, private_to=reader) for name in guests])


def rename(track: Track, changes: Mapping[str, Any]) -> None:
    """Set artist and album by their names; the rows are found or made, the track is not saved.

    An album of the track's artist changes with the artist; one with another album artist (a compilation)
    keeps its holder, unless ``album_artist`` says otherwise.
    """
    before, reader = track.artist, reader_of(track)
    if "artist" in changes:
        track.artist = Artist.objects.get_or_create_by_name(changes["artist"], private_to=reader)
    if not changes.keys() & {"artist", "album", "album_artist"}:
        return
    album = track.album
    title = changes.get("album", album.title if album else "")
    if not title:
        track.album = None
    elif changes.get("album_artist"):
        holder = Artist.objects.get_or_create_by_name(changes["album_artist"], private_to=reader)
        track.album = Album.objects.get_or_create_by_title(title, holder, private_to=reader)
    elif album is None or title != album.title or album.artist == before or "album_artist" in changes:
        track.album = Album.objects.get_or_create_by_title(title, track.artist, private_to=reader)


def _released_holder(track: Track, user: User) -> User | None:
    """Return who no longer holds ``track`` when ``user`` releases it: themselves, or for curators its owner."""
    return user if holds(track, user) else track.owner


def stays_after_release(track: Track, user: User) -> bool:
    """Whether somebody else holds ``track``, so that it stays when ``user`` releases it."""
    others = track.uploads.exclude(user=_released_holder(track, user))
    return others.filter(user__is_active=True).exists()


def release(track: Track, user: User) -> None:
    """Release ``track`` for ``user``; a curator who does not hold it releases it for its owner.

    Raises ``CatalogError("not_yours")`` (403).
    """
    if not (holds(track, user) or may_edit(track, user)):
        raise not_yours()
    holder = _released_holder(track, user)
    if holder is None:
        with transaction.atomic():
            history.record(Change.Kind.REMOVE, track, user, {}, {})
            remove(track)
        return
    with transaction.atomic():
        if drop_claim(track, holder):
            history.record(Change.Kind.REMOVE, track, user, {}, {})


def lock_row(row: N) -> N:
    """Read the row anew and lock it, inside a transaction. Raises ``CatalogError("gone")`` (409)."""
    rows = type(row)._default_manager.select_for_update(of=("self",))  # noqa: SLF001
    names = NAMES[kind_of(row)]
    found: Any = (rows.select_related(*names) if names else rows).filter(pk=row.pk).first()
    if found is None:
        raise gone()
    return cast("N", found)
