"""Downloads: single stems and archives of them, with their tags and file names."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from audio.formats import OUTPUT
from audio.types import Tags
from catalog.errors import CatalogError
from catalog.models import Rendition, Track
from catalog.storage.recipes import Excerpt, Recipe
from catalog.storage.renditions import check_codec, crc32_of, get_or_create_rendition
from catalog.storage.zip_archive import Member, ZipArchive
from catalog.uploads.featured_artists import credit_line
from catalog.uploads.naming import safe_filename, truncate_bytes
from separation.models import Separation, Status, Stem


def tags_for(track: Track, description: str) -> Tags:
    """Return the tags of a file made from ``track``; ``description`` (a stem's name) follows the title in brackets."""
    album = track.album
    names = [track.artist.name, *(credit.artist.name for credit in track.credits.select_related("artist"))]
    return Tags(
        title=f"{truncate_bytes(track.title, min(200, 250 - len(description)))} ({description})"
        if description
        else track.title,
        artist=truncate_bytes(credit_line(names), 255),
        artists=tuple(names) if len(names) > 1 else (),
        album=album.title if album else None,
        album_artist=album.artist.name if album else None,
        genre=track.genre or None,
        year=track.year,
        track_number=track.track_number,
        disc_number=track.disc_number,
        compilation=bool(album and album.compilation),
    )


def stem_recipe(
    stem: Stem, track: Track, codec: str, bitrate: int | None, excerpt: Excerpt | None = None
) -> Recipe:
    """Return the recipe of ``stem``, or of an ``excerpt``, as ``codec`` at ``bitrate`` kbit/s, tagged for ``track``.

    Raises ``CatalogError``: ``unknown_codec``, ``bad_bitrate``.
    """
    return Recipe(
        stem.audio,
        codec,
        check_codec(codec, bitrate),
        tags_for(track, stem.name),
        cover_key=track.picture,
        excerpt=excerpt,
    )


def stem_rendition(
    stem: Stem, track: Track, codec: str, bitrate: int | None, excerpt: Excerpt | None = None
) -> Rendition:
    """Find or make the file in this thread; requests of the website use ``catalog.storage.encoding_pool`` instead.

    Raises ``CatalogError`` as ``stem_recipe`` and ``catalog.storage.renditions.get_or_create_rendition`` do.
    """
    return get_or_create_rendition(stem_recipe(stem, track, codec, bitrate, excerpt))


def download_name(track: Track, description: str, extension: str) -> str:
    """Return ``"Artist - Title (vocals).mp3"``, safe as a file name on every system, at most 200 bytes."""
    artist = truncate_bytes(track.artist.name, 90)  # leave room for the title after a long name
    ending = f" ({description}).{extension}" if description else f".{extension}"
    return safe_filename(f"{artist} - {track.title}", ending)


@dataclass(frozen=True)
class ArchiveOrder:
    """The file name of an archive, and for each member its name and its recipe."""

    filename: str
    recipes: dict[str, Recipe]

    def archive(self, renditions: Sequence[Rendition]) -> ZipArchive:
        """Return the archive of ``renditions``, which are those of ``recipes``; it has yet to be opened."""
        return ZipArchive(
            [
                Member(name, row.key, row.size, crc32_of(row), row.checksum)
                for name, row in zip(self.recipes, renditions, strict=True)
            ]
        )


def order_archive(
    separation: Separation,
    track: Track,
    codec: str,
    bitrate: int | None,
    stem_names: Sequence[str] | None = None,
) -> ArchiveOrder:
    """Order the stems of ``separation`` (all, or those named) as ``codec`` in one zip.

    Raises ``CatalogError``: ``not_ready`` (409), ``unknown_stem``, ``unknown_codec``, ``bad_bitrate``.
    """
    check_codec(codec, bitrate)
    recipes: dict[str, Recipe] = {}
    used_names: set[str] = set()
    for stem in select_stems(separation, stem_names):
        name = _unique(download_name(track, stem.name, OUTPUT[codec].extension), used_names)
        recipes[name] = stem_recipe(stem, track, codec, bitrate)
    return ArchiveOrder(download_name(track, "", "zip"), recipes)


def select_stems(separation: Separation, stem_names: Sequence[str] | None) -> list[Stem]:
    """Return the stems of these names in the separation's order; all of them for ``None`` or an empty list.

    Raises ``CatalogError``: ``not_ready`` (409) before it has succeeded, ``unknown_stem``.
    """
    if separation.status != Status.SUCCEEDED:
        raise CatalogError("not_ready", _("This separation is not ready yet."), status=409)
    stems = list(separation.stems.select_related("audio").order_by("position"))
    if not stem_names:
        return stems
    names = set(stem_names)
    if unknown := names - {stem.name for stem in stems}:
        sentence = _("There is no stem called %(names)s here.")
        raise CatalogError("unknown_stem", sentence % {"names": ", ".join(sorted(unknown))[:100]})
    return [stem for stem in stems if stem.name in names]


def _unique(name: str, used_names: set[str]) -> str:
    """Return ``name``, numbered if another member has it on systems that ignore case."""
    stem, _dot, extension = name.rpartition(".")
    number = 1
    while name.casefold() in used_names:
        number += 1
        name = safe_filename(stem, f" {number}.{extension}")
    used_names.add(name.casefold())
    return name
