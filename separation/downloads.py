"""What people take home: single stems, and archives of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from zipstream import ZipStream

from catalog import storage
from catalog.audio.codecs import OUTPUT
from catalog.audio.facts import Tags
from catalog.credits import line
from catalog.errors import CatalogError
from catalog.models import Rendition, Track
from catalog.names import cut, safe_filename
from catalog.renditions import Excerpt, check_codec, rendition
from separation.models import Separation, Status, Stem

READ_BYTES = 1 << 18


def tags_for(track: Track, words: str) -> Tags:
    """The tags of a file made from ``track``, with ``words`` after the title that say what it is: a stem's name."""
    album = track.album
    names = [track.artist.name, *(credit.artist.name for credit in track.credits.select_related("artist"))]
    return Tags(
        title=f"{cut(track.title, min(200, 250 - len(words)))} ({words})" if words else track.title,
        artist=cut(line(names), 255),
        artists=tuple(names) if len(names) > 1 else (),
        album=album.title if album else None,
        album_artist=album.artist.name if album else None,
        genre=track.genre or None,
        year=track.year,
        track_number=track.track_number,
        disc_number=track.disc_number,
        compilation=bool(album and album.compilation),
    )


def stem_rendition(
    stem: Stem, track: Track, codec: str, bitrate: int | None, excerpt: Excerpt | None = None
) -> Rendition:
    """Find or make ``stem``, or an ``excerpt``, as ``codec`` at ``bitrate`` kbit/s, tagged as a part of ``track``.

    Raises ``CatalogError`` as ``catalog.renditions.rendition`` does.
    """
    tags = tags_for(track, stem.name)
    return rendition(stem.audio, codec, bitrate, tags=tags, cover_key=track.picture, excerpt=excerpt)


def download_name(track: Track, words: str, extension: str) -> str:
    """``"Artist - Title (vocals).mp3"``: safe as a file name everywhere, at most 200 bytes."""
    artist = cut(track.artist.name, 90)  # a long artist must not push the title out
    ending = f" ({words}).{extension}" if words else f".{extension}"
    return safe_filename(f"{artist} - {track.title}", ending)


@dataclass(frozen=True)
class Archive:
    """A zip that is made while it is read; its ``size`` is known, as nothing in it is compressed again."""

    filename: str
    size: int
    zipped: ZipStream

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.zipped)


def archive(
    separation: Separation,
    track: Track,
    codec: str,
    bitrate: int | None,
    stem_names: Sequence[str] | None = None,
) -> Archive:
    """The stems of ``separation`` (all, or those named) as ``codec``, in one zip.

    Every file is made before the first byte is sent, so that what goes wrong is still an answer. Raises
    ``CatalogError``: ``not_ready`` (409), ``unknown_stem``, and those of ``catalog.renditions.rendition``.
    """
    check_codec(codec, bitrate)
    files = [(stem, stem_rendition(stem, track, codec, bitrate)) for stem in chosen(separation, stem_names)]
    zipped = ZipStream(sized=True)
    taken: set[str] = set()
    for stem, made in files:
        name = _unique(download_name(track, stem.name, OUTPUT[codec].extension), taken)
        zipped.add(_read(made), name, size=made.size)
    filename = download_name(track, "", "zip")
    return Archive(filename=filename, size=len(zipped), zipped=zipped)


def chosen(separation: Separation, stem_names: Sequence[str] | None) -> list[Stem]:
    """The stems of these names, in the separation's order; all of them for ``None`` or an empty list.

    Raises ``CatalogError``: ``not_ready`` (409) before it has succeeded, ``unknown_stem``.
    """
    if separation.status != Status.SUCCEEDED:
        raise CatalogError("not_ready", _("This separation is not ready yet."), status=409)
    stems = list(separation.stems.select_related("audio").order_by("position"))
    if not stem_names:
        return stems
    wanted = set(stem_names)
    if unknown := wanted - {stem.name for stem in stems}:
        sentence = _("There is no stem called %(names)s here.")
        raise CatalogError("unknown_stem", sentence % {"names": ", ".join(sorted(unknown))[:100]})
    return [stem for stem in stems if stem.name in wanted]


def _read(made: Rendition) -> Iterator[bytes]:
    with storage.whole_copy(made.key, made.size) as path, path.open("rb") as file:
        while block := file.read(READ_BYTES):
            yield block


def _unique(name: str, taken: set[str]) -> str:
    """``name``, or with a number when another file of the archive has it, on systems that ignore case too."""
    stem, _dot, extension = name.rpartition(".")
    number = 1
    while name.casefold() in taken:
        number += 1
        name = safe_filename(stem, f" {number}.{extension}")
    taken.add(name.casefold())
    return name
