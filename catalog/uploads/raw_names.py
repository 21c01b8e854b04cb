"""Decode names again in another encoding.

The bytes of tags in old encodings are stored with the upload, and the encoding that was detected. Whoever may edit a
track may choose another one; the result is an ordinary edit."""

from typing import Any, Final

from django.db.models import Case, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audio.tags import cleaning, text_encodings
from catalog.errors import CatalogError
from catalog.models import Track, Upload
from catalog.uploads.featured_artists import known_artists
from catalog.uploads.naming import names_for

LABELS: Final[dict[str, Promise]] = {
    "utf-8": _("Unicode (UTF-8)"),
    "cp1252": _("Western European (Windows-1252)"),
    "cp1250": _("Central European (Windows-1250)"),
    "cp1251": _("Cyrillic (Windows-1251)"),
    "cp1253": _("Greek (Windows-1253)"),
    "cp932": _("Japanese (Shift-JIS)"),
    "big5hkscs": _("Traditional Chinese (Big5)"),
    "gb18030": _("Simplified Chinese (GBK)"),
    "cp949": _("Korean (EUC-KR)"),
    "cp1254": _("Turkish (Windows-1254)"),
    "cp1255": _("Hebrew (Windows-1255)"),
    "cp1256": _("Arabic (Windows-1256)"),
    "cp1257": _("Baltic (Windows-1257)"),
    "cp1258": _("Vietnamese (Windows-1258)"),
    "cp874": _("Thai (Windows-874)"),
    "koi8-r": _("Cyrillic (KOI8-R)"),
    "cp866": _("Cyrillic (DOS)"),
    "euc_jp": _("Japanese (EUC-JP)"),
}
_SHOWN: Final = ("artist", "title", "album")
_UNREADABLE: Final = "\ufffd"


def upload_of(track: Track) -> Upload | None:
    """Return the upload whose tags were in an old encoding: the owner's, else the first; None without one."""
    owners = Case(When(user=track.owner_id, then=Value(0)), default=Value(1))
    kept = track.uploads.filter(audio=track.audio_id).exclude(names_encoding="")
    return kept.order_by(owners, "created_at").first()


def choices(track: Track) -> list[tuple[str, str]]:
    """Return (encoding, its label with the names decoded) for each encoding that gives other names."""
    upload = upload_of(track)
    if upload is None:
        return []
    found: dict[str, tuple[str, str]] = {}
    for encoding, label in LABELS.items():
        decoded = _decode_names(upload, encoding)
        text = " – ".join(  # noqa: RUF001
            cleaning.clean_text(decoded[field][0]) or "" for field in _SHOWN if field in decoded
        )
        if not any(_UNREADABLE in name for names in decoded.values() for name in names):
            found.setdefault(text, (encoding, f"{label}: {text}"))
    return list(found.values())


def read_again(track: Track, encoding: str) -> dict[str, Any]:
    """Return what an edit has to change for the names in ``encoding``, and store that. Inside a transaction.

    Names that were in Unicode stay as they are. Raises ``CatalogError("no_raw_names")`` (409).
    """
    upload = upload_of(track)
    if upload is None:
        sentence = _("The names in this file were in Unicode: there is nothing to read again.")
        raise CatalogError("no_raw_names", sentence, status=409)
    decoded = _decode_names(upload, encoding)
    found = cleaning.from_mapping(
        {name: texts if name == "artists" else texts[0] for name, texts in decoded.items()}
    )
    names = names_for(upload.filename, found, known=known_artists)
    changes: dict[str, Any] = {}
    if found.title:
        changes["title"] = names.title
    if found.artist or found.artists:
        changes |= {"artist": names.artist, "guests": list(names.guests)}
    if names.album:
        held = track.album.artist.name if track.album and track.album.artist_id != track.artist_id else ""
        changes |= {"album": names.album, "album_artist": names.album_artist or held}
    if names.genre:
        changes["genre"] = names.genre
    Upload.objects.filter(pk=upload.pk).update(names_encoding=encoding)
    return changes


def _decode_names(upload: Upload, encoding: str) -> dict[str, list[str]]:
    return {
        name: [text_encodings.decode(text.encode("latin-1"), encoding) for text in texts]
        for name, texts in upload.raw_names.items()
    }
