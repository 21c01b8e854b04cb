"""Giving a song or an album another cover. The picture is read in the sandboxed child, as covers in files are."""

import logging
from pathlib import Path
from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.audio.errors import AudioError
from catalog.audio.probe import picture
from catalog.covers import store_cover
from catalog.curation.editing import may_edit
from catalog.errors import CatalogError
from catalog.models import Album, Track, Visibility

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 10_000_000


def may_picture(row: Track | Album, user: User) -> bool:
    """Who edits a song, and who looks after albums."""
    return may_edit(row, user) if isinstance(row, Track) else user.has_perm("catalog.change_album")


def set_cover(row: Track | Album, user: User, path: Path) -> str:
    """Make the picture at ``path`` the cover of ``row``; returns its key.

    Raises ``CatalogError``: ``not_yours`` (403), ``too_large`` (413), ``not_a_picture`` (422), ``no_space``.
    """
    _check(row, user)
    if path.stat().st_size > MOST_BYTES:
        raise CatalogError("too_large", _("The picture is too large."), status=413)
    try:
        pictures = picture(path)
    except AudioError as error:
        logger.info("refused a picture: %s", error.code)
        pictures = ()
    if not pictures:
        raise CatalogError(
            "not_a_picture", _("This picture cannot be read. Try a JPEG or PNG file."), status=422
        )
    key = store_cover(pictures)
    _name(row, key)
    if isinstance(row, Track) and row.visibility == Visibility.SHARED and row.album_id:
        Album.objects.filter(pk=row.album_id, cover="").update(cover=key)
    return key


def drop_cover(row: Track | Album, user: User) -> None:
    """``row`` has no cover of its own any more; a song then shows its album's. Raises ``not_yours`` (403)."""
    _check(row, user)
    _name(row, "")


def _check(row: Track | Album, user: User) -> None:
    if not may_picture(row, user):
        raise CatalogError("not_yours", _("Only who brought this song may do this."), status=403)


def _name(row: Track | Album, key: str) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(cover=key)  # noqa: SLF001  # Django's public name for it
    row.cover = key
