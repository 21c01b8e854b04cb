"""Changing what the catalogue says about a track, and who may see it."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.claims import change_visibility, drop_claim, holds, remove
from catalog.errors import CatalogError
from catalog.models import Album, Artist, Track, Visibility


def edit(track: Track, user: User, changes: dict[str, Any]) -> Track:
    """Apply ``changes``: ``title``, ``artist`` and ``album`` (names), ``genre``, ``year``, ``visibility``.

    Returns the track there is afterwards: sharing what is shared already joins the two, and then the names of
    the shared one stand. Raises ``CatalogError``: ``not_yours`` (403), ``shared_by_others`` (409).
    """
    if not track.may_be_edited_by(user):
        raise _not_yours()
    with transaction.atomic():
        if changes.get("visibility", track.visibility) != track.visibility:
            if track.owner_id != user.pk:
                raise _not_yours()
            shown = change_visibility(track, Visibility(changes["visibility"]))
            if shown.pk != track.pk:
                return shown
            track = shown
        rename(track, changes)
        for field in changes.keys() & {"title", "genre", "year"}:
            setattr(track, field, changes[field])
        track.save()
    return track


def rename(track: Track, changes: dict[str, Any]) -> None:
    """Set artist and album by their names; the rows are found or made, the track is not saved.

    An album that is held by another artist than the track's (a compilation) keeps its holder.
    """
    before = track.artist
    if "artist" in changes:
        track.artist = Artist.objects.named(changes["artist"])
    if "album" not in changes:
        return
    title = changes["album"]
    if not title:
        track.album = None
    elif track.album is None or title != track.album.title or track.album.artist == before:
        track.album = Album.objects.titled(title, track.artist)


def let_go(track: Track, user: User) -> None:
    """Drop ``user``'s claim; who looks after the catalogue but brought nothing drops its owner's.

    Raises ``CatalogError("not_yours")`` (403).
    """
    if holds(track, user):
        drop_claim(track, user)
    elif not track.may_be_edited_by(user):
        raise _not_yours()
    elif track.owner is None:
        remove(track)
    else:
        drop_claim(track, track.owner)


def _not_yours() -> CatalogError:
    return CatalogError("not_yours", _("Only who brought this song may do this."), status=403)
