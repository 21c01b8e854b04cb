"""Renditions: stored audio transcoded, cut or mixed on request, and kept until nobody asks for it any more.

A rendition is found by its recipe: codec, bitrate, the tags and picture written into it, and what is mixed. The first
request makes the file, outside any transaction; concurrent requests wait for the one in progress.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from audio.checksum import checksum, crc32
from audio.decoding.decode import decode
from audio.effects import mixing
from audio.encoding.encode import encode
from audio.encoding.opus_segments import encode_segments
from audio.errors import AudioError
from audio.formats import OUTPUT, STEREO_RATE
from audio.types import Limits, Tags
from catalog.errors import CatalogError
from catalog.models import AudioFile, Rendition
from catalog.storage import backend
from catalog.storage.covers import read_cover
from catalog.storage.recipes import Excerpt, Mix, Recipe
from catalog.storage.stored_samples import read_samples

Report = Callable[[float], None]
USED_ACCURACY = timedelta(hours=1)


def rendition(
    audio: AudioFile,
    codec: str,
    bitrate: int | None,
    *,
    tags: Tags | None = None,
    cover_key: str = "",
    excerpt: Excerpt | None = None,
) -> Rendition:
    """Find or make ``audio`` as ``codec`` at ``bitrate`` kbit/s (``None``: the codec's own).

    Raises ``CatalogError``: ``unknown_codec``, ``bad_bitrate``, and those of ``get_or_create_rendition``.
    """
    return get_or_create_rendition(
        Recipe(audio, codec, check_codec(codec, bitrate), tags, cover_key, excerpt=excerpt)
    )


def get_or_create_rendition(recipe: Recipe, report: Report = lambda _share: None) -> Rendition:
    """Find or make the rendition of ``recipe``; ``report`` hears how much of it is done, 0 to 1.

    The row's file exists when this returns. Call it outside transactions: it may take seconds, a stretched mix of an
    hour minutes. Requests of the website do not call it, see ``encodings.py``. What ``report`` raises ends the work.
    Raises ``CatalogError``: ``file_missing`` and ``no_space``.
    """
    known = find_rendition(recipe)
    if known is not None:
        return known
    with _exclusive(recipe.lock_name):
        return find_rendition(recipe) or _make(recipe, report)


def find_rendition(recipe: Recipe) -> Rendition | None:
    """Find the rendition, if its file is whole; a row whose file is lost is deleted, so that it is made again."""
    row = Rendition.objects.filter(audio=recipe.audio, recipe=recipe.name).first()
    if row is not None and backend.size(row.key) != row.size:
        row.delete()
        return None
    if row is not None:
        touch(row)
    return row


def touch(row: Rendition) -> None:
    """Note that somebody uses ``row``, at most once an hour: the least recently used are removed first."""
    now = timezone.now()
    if row.used_at < now - USED_ACCURACY:
        Rendition.objects.filter(pk=row.pk).update(used_at=now)


def parse_bitrate(value: str | int | None) -> int | None:
    """Parse kbit/s from ``192``, ``"192"``, ``"192k"`` or ``"192000"``; ``None`` for an empty value.

    Raises ``CatalogError("bad_bitrate")``.
    """
    text = "" if value is None else str(value).strip().lower()
    if not text:
        return None
    text = text.removesuffix("bps").removesuffix("bit/s").removesuffix("k")
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise CatalogError("bad_bitrate", _("A bitrate is a number of kbit/s, such as 192 or 192k."))
    number = int(text)
    return number // 1000 if number >= 8000 else number


def check_codec(codec: str, bitrate: int | None) -> int | None:
    """Return the bitrate that will be used. Raises ``CatalogError``: ``unknown_codec`` or ``bad_bitrate``."""
    output = OUTPUT.get(codec)
    if output is None:
        sentence = _("There is no codec of this name; there are %(codecs)s.")
        raise CatalogError("unknown_codec", sentence % {"codecs": ", ".join(OUTPUT)})
    try:
        return output.bitrate(bitrate)
    except ValueError:
        sentence = _("%(codec)s is made at %(bitrates)s kbit/s.")
        offered = ", ".join(map(str, output.bitrates))
        raise CatalogError("bad_bitrate", sentence % {"codec": codec, "bitrates": offered}) from None


def _make(recipe: Recipe, report: Report) -> Rendition:
    extension = "segments" if recipe.segmented_files else OUTPUT[recipe.codec].extension
    backend.check_space(0)
    with work_folder() as folder:
        path = recipe.growing_path if recipe.segmented_files else folder / f"rendition.{extension}"
        try:
            with backend.room():
                if recipe.segmented_files:
                    _encode_segments(recipe, path, report)
                elif recipe.mix is None:
                    _encode(recipe, path, report)
                else:
                    _render(recipe, recipe.mix, path, report)
        except AudioError as error:  # it was whole when it came
            raise backend.file_missing(recipe.audio.key) from error
        sha256, crc, size = checksum(path), crc32(path), path.stat().st_size
        # Encoders need not repeat themselves byte for byte, so the name depends on the bytes as well.
        name = hashlib.sha256(f"{recipe.audio.audio_digest} {recipe.name} {sha256}".encode()).hexdigest()
        key = backend.key_for("renditions", name, extension)
        backend.store(path, key)
    # Another machine may have made it meanwhile: its row wins, and our file is collected.
    row, _created = Rendition.objects.get_or_create(
        audio=recipe.audio,
        recipe=recipe.name,
        defaults={
            "codec": recipe.codec,
            "bitrate": recipe.bitrate,
            "key": key,
            "size": size,
            "checksum": sha256,
            "crc32": crc,
        },
    )
    return row


def crc32_of(row: Rendition) -> int:
    """Return the CRC-32 of the rendition's file; computed once if its row has none."""
    if row.crc32 is None:
        with backend.whole_copy(row.key, row.size) as path:
            row.crc32 = crc32(path)
        row.save(update_fields=["crc32"])
    return row.crc32


def remove_abandoned() -> None:
    """Remove the files of encodings whose process was killed."""
    for folder in settings.WORK_DIR.glob("rendition-*"):
        with _try_lock(folder) as is_ours:
            if is_ours:
                shutil.rmtree(folder, ignore_errors=True)


def _encode(recipe: Recipe, path: Path, report: Report) -> None:
    audio = recipe.audio
    # What is stored has passed the probe, under the limits of its day.
    limits = Limits(max_seconds=audio.duration + 60, max_bytes=max(audio.size, 1))
    with backend.whole_copy(audio.key, audio.size) as source, closing(decode(source, limits)) as whole:
        chunks = whole if recipe.excerpt is None else recipe.excerpt.of(whole)
        blocks = mixing.with_progress(chunks, audio.duration * STEREO_RATE, report)
        encode(blocks, path, recipe.codec, recipe.bitrate, recipe.tags, read_cover(recipe.cover_key))


def _render(recipe: Recipe, mix: Mix, path: Path, report: Report) -> None:
    wanted = mixing.Encoding(recipe.codec, recipe.bitrate, recipe.tags, read_cover(recipe.cover_key))
    with ExitStack() as copies:
        parts = [
            mixing.Part(
                copies.enter_context(backend.whole_copy(part.audio.key, part.audio.size)),
                part.gain,
                part.audio.duration,
                part.audio.peak,
                part.keeps_pitch,
                part.pan,
            )
            for part in mix.parts
        ]
        change = mixing.TempoPitch(mix.tempo, mix.semitones)
        mixing.render(parts, change, path, wanted, report, cut=mix.cut, clicks=mix.clicks)


def _encode_segments(recipe: Recipe, path: Path, report: Report) -> None:
    path.parent.mkdir(exist_ok=True)
    try:
        with ExitStack() as stack:
            blocks = []
            for audio in recipe.segmented_files:
                copy = stack.enter_context(backend.whole_copy(audio.key, audio.size))
                blocks.append(stack.enter_context(closing(read_samples(audio, copy))))
            encode_segments(blocks, recipe.segmented_files[0].frames, path, recipe.bitrate or 0, report)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def work_folder() -> Iterator[Path]:
    """Yield a folder for one encoding, removed afterwards. Its lock shows that the encoding is running."""
    remove_abandoned()
    while True:
        folder = Path(tempfile.mkdtemp(prefix="rendition-", dir=settings.WORK_DIR))
        with _try_lock(folder) as is_ours:
            if is_ours:
                try:
                    yield folder
                finally:
                    shutil.rmtree(folder, ignore_errors=True)
                return


@contextmanager
def _try_lock(folder: Path) -> Iterator[bool]:
    """Lock a folder during the block; yield whether it exists and could be locked without waiting."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield _is_file(folder, descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _exclusive(name: str) -> Iterator[None]:
    """Let one thread or process of this machine at a time in; the others wait for it.

    The lock dies with its holder. Its file is removed by the holder, hence the look whether the locked file
    is still the one of that name.
    """
    path = settings.WORK_DIR / "locks" / name
    path.parent.mkdir(exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_file(path, descriptor):
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return
        finally:
            os.close(descriptor)


def _is_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
