"""Change the cover of a song or an album. The sandbox reads the picture, as it does covers in files."""

import logging
from pathlib import Path
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audio.errors import AudioError
from audio.probe import picture
from catalog.curation.editing import lock_row, may_edit, write
from catalog.curation.errors import not_yours
from catalog.curation.fields import kind_of
from catalog.curation.locks import lock_shared
from catalog.errors import CatalogError
from catalog.models import Album, Track, Visibility
from catalog.storage.covers import store_cover

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 10_000_000


def may_picture(row: Track | Album, user: User) -> bool:
    """Whether ``user`` may change the cover of ``row``."""
    return may_edit(row, user) if isinstance(row, Track) else user.has_perm("catalog.change_album")


def set_cover(row: Track | Album, user: User, path: Path) -> str:
    """Make the picture at ``path`` the cover of ``row``; returns its key.

    Raises ``CatalogError``: ``not_yours`` (403), ``gone`` (409), ``too_large`` (413), ``not_a_picture`` (422),
    ``no_space`` (507).
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
    _change(row, user, key)
    return key


def drop_cover(row: Track | Album, user: User) -> None:
    """Remove the cover of ``row``; a song then shows its album's. Raises ``not_yours`` (403),
    ``gone`` (409)."""
    _check(row, user)
    _change(row, user, "")


def _check(row: Track | Album, user: User) -> None:
    if not may_picture(row, user):
        raise not_yours(kind_of(row))


def _change(row: Track | Album, user: User, key: str) -> None:
    """Edit ``cover``, so that it can be undone. An album without a cover takes that of a shared song."""
    with transaction.atomic():
        lock_shared()
        row = lock_row(row)
        write(row, user, {"cover": key})
        if key and isinstance(row, Track) and row.visibility == Visibility.SHARED and row.album is not None:
            album = lock_row(row.album)
            if not album.cover:
                write(album, user, {"cover": key})
