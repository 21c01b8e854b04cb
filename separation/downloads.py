"""What people take home: single stems, archives of them, and the segments that the player fetches."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from zipstream import ZipStream

from catalog import storage
from catalog.audio.codecs import OUTPUT, STEREO_RATE
from catalog.audio.decode import decode, read_stored
from catalog.audio.encode import to_int16
from catalog.audio.errors import AudioError
from catalog.audio.facts import Limits, Tags
from catalog.errors import CatalogError
from catalog.models import AudioFile, Rendition, Track
from catalog.names import cut, safe_filename
from catalog.renditions import check_codec, rendition
from separation.models import Separation, Status, Stem

SEGMENT_SAMPLES = 524_288  # 11.9 s at 44.1 kHz
READ_BYTES = 1 << 18


def tags_for(track: Track, stem_name: str) -> Tags:
    """The tags of one stem's file: those of the track, with the stem's name after the title."""
    album = track.album
    return Tags(
        title=f"{cut(track.title, 200)} ({stem_name})",
        artist=track.artist.name,
        album=album.title if album else None,
        album_artist=album.artist.name if album else None,
        genre=track.genre or None,
        year=track.year,
        track_number=track.track_number,
        disc_number=track.disc_number,
    )


def stem_rendition(stem: Stem, track: Track, codec: str, bitrate: int | None) -> Rendition:
    """Find or make ``stem`` as ``codec`` at ``bitrate`` kbit/s, tagged as a part of ``track``.

    Raises ``CatalogError`` as ``catalog.renditions.rendition`` does.
    """
    tags = tags_for(track, stem.name)
    return rendition(stem.audio, codec, bitrate, tags=tags, cover_key=track.picture)


def download_name(track: Track, stem_name: str, extension: str) -> str:
    """``"Artist - Title (vocals).mp3"``: safe as a file name everywhere, at most 200 bytes."""
    artist = cut(track.artist.name, 90)  # a long artist must not push the title out
    ending = f" ({stem_name}).{extension}" if stem_name else f".{extension}"
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


def segment_count(stem: Stem) -> int:
    """How many segments ``stem`` has; the last one is shorter."""
    return -(-stem.audio.frames // SEGMENT_SAMPLES)


def segment(stem: Stem, n: int) -> bytes:
    """Samples ``[n * 524288, (n + 1) * 524288)`` of ``stem`` as a FLAC of its own, bit for bit.

    Raises ``CatalogError``: ``no_segment`` (404) beyond the end, ``file_missing``.
    """
    if not 0 <= n < segment_count(stem):
        raise CatalogError("no_segment", _("The stem ends before this segment."), status=404)
    start = n * SEGMENT_SAMPLES
    with storage.whole_copy(stem.audio.key, stem.audio.size) as path:
        try:
            blocks = list(_samples(stem.audio, path, start, start + SEGMENT_SAMPLES))
        except AudioError as error:
            raise storage.file_missing(stem.audio.key) from error
    file = io.BytesIO()
    soundfile.write(
        file, to_int16(np.concatenate(blocks, axis=1)), STEREO_RATE, format="FLAC", subtype="PCM_16"
    )
    return file.getvalue()


def _samples(audio: AudioFile, path: Path, start: int, stop: int) -> Iterator[NDArray[np.float32]]:
    """Samples ``[start, stop)`` of a stem, which is almost always a FLAC that we wrote.

    Once in a blue moon (ten seconds of silence) somebody has brought a file with the very same audio: that
    one is only opened in the sandbox.
    """
    if not audio.uploads.filter(checksum=audio.checksum).exists():
        yield from read_stored(path, start, stop)
        return
    position = 0
    for block in decode(path, Limits(max_seconds=audio.duration + 60, max_bytes=audio.size)):
        first, last = max(start - position, 0), stop - position
        if first < block.shape[1]:
            yield block[:, first:last]
        position += block.shape[1]
        if position >= stop:
            return


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
