"""Ingest an uploaded recording: refuse it, recognise it, or store and catalogue it.

Bytes known from a track that this person may see are recognised by their checksum and nothing is decoded.
Everything else is probed in a sandbox and, unless its audio belongs to such a track, stored before the rows
are written: a crash leaves at worst a file without a name. A track that is private to somebody else changes
nothing about what happens, how long it takes or what is counted against the quota.
"""

import logging
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import User
from audio import identity
from audio.errors import AudioError
from audio.probe import probe
from audio.types import Limits, Probe
from catalog.curation.locks import lock_shared
from catalog.curation.takedowns import refuse_blocked, refuse_blocked_digest
from catalog.fingerprints import Similar, store_and_match
from catalog.models import Album, Artist, AudioFile, Track, Upload, Visibility
from catalog.normalization import fold
from catalog.social.wishes import fulfil_by_name
from catalog.storage import backend
from catalog.storage.covers import store_cover
from catalog.uploads.featured_artists import credit, known_artists
from catalog.uploads.naming import Names, names_for, received_filename
from catalog.uploads.refusals import quota_exceeded, refusal

logger = logging.getLogger(__name__)

ATTEMPTS = 5


@dataclass(frozen=True)
class Ingested:
    """The result of an upload.

    ``created``: whether the person got a new track; ``matches``: other tracks that may be the same recording.
    """

    track: Track
    upload: Upload
    audio: AudioFile
    created: bool
    matches: list[Similar]


@dataclass(frozen=True)
class _Submission:
    """An upload: who sent which file."""

    user: User
    visibility: Visibility
    filename: str
    checksum: str
    size: int
    raw_names: dict[str, list[str]] = field(default_factory=dict)
    names_encoding: str = ""


def ingest(
    path: Path,
    *,
    filename: str,
    user: User,
    title: str = "",
    artist: str = "",
    album: str = "",
    visibility: Visibility = Visibility.SHARED,
) -> Ingested:
    """Ingest the audio at ``path``, which stays where it is; ``filename`` is the sender's name of it.

    A track of the same audio that ``user`` may see comes back as it is (``created`` false): the shared one,
    or their own private one, which is never made public by bringing it again. Raises ``CatalogError``:
    ``empty_file``, ``unsupported``, ``no_audio``, ``damaged``, ``too_long``, ``too_large``, ``probe_failed``,
    ``quota_exceeded``, ``no_space``, ``blocked``.
    """
    size = path.stat().st_size
    if size > settings.MAX_UPLOAD_BYTES:
        raise refusal("too_large")
    submission = _Submission(
        user=user,
        visibility=Visibility(visibility),
        filename=received_filename(filename),
        checksum=identity.checksum(path),
        size=size,
    )
    known = _recognise(submission, Q(uploads__checksum=submission.checksum))
    if known is not None:
        with suppress(IntegrityError):  # it is being removed just now; then it is new again
            return _record_known(submission, known, path)
    with _private_copy(path) as copy:
        found = _probe(copy)
        refuse_blocked(found.audio_digest, found.fingerprint or b"", found.duration)
        names = names_for(filename, found.tags, title=title, artist=artist, album=album, known=known_artists)
        return _find_or_create(submission, found, names, copy)


def lookup(checksum: str, user: User) -> Track | None:
    """Return the track of the file with this SHA-256, if ``user`` may see it."""
    seen = Track.objects.visible_to(user).filter(uploads__checksum=checksum.lower())
    return seen.with_names().order_by("created_at").first()


def _probe(path: Path) -> Probe:
    limits = Limits(
        max_seconds=settings.MAX_SECONDS,
        max_bytes=settings.MAX_UPLOAD_BYTES,
        fingerprint=settings.FINGERPRINTS,
    )
    try:
        return probe(path, limits)
    except AudioError as error:
        logger.info("refused a file: %s (%s)", error.code, error.detail)
        raise refusal(error.code, error.reason) from error


@contextmanager
def _private_copy(path: Path) -> Iterator[Path]:
    """Yield a private copy of ``path``, so that the file that is probed is the file that is stored.

    Uploads are linked, as nobody else writes to them any more; files from elsewhere are copied. Only that takes space:
    what an upload needs was looked for before it was received. Raises ``CatalogError("no_space")``.
    """
    copy = settings.WORK_DIR / f"ingest-{uuid.uuid4().hex}"
    try:
        with backend.room():
            if path.resolve().is_relative_to(settings.FILE_UPLOAD_TEMP_DIR.resolve()):
                with suppress(OSError):  # some file systems have no links
                    copy.hardlink_to(path)
            backend.check_space(0 if copy.exists() else path.stat().st_size)
            if not copy.exists():
                shutil.copyfile(path, copy)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _recognise(submission: _Submission, audio: Q) -> Track | None:
    """Return the track of this audio for the person: the shared one, or their own."""
    seen = Track.objects.visible_to(submission.user).filter(audio).with_names().distinct()
    fitting = sorted(seen, key=lambda track: (track.visibility != submission.visibility, track.created_at))
    return fitting[0] if fitting else None


def _find_known(submission: _Submission, digest: str) -> Track | None:
    """Return the track of this audio, or the one that its track was merged into."""
    return _recognise(submission, Q(audio__audio_digest=digest)) or _recognise(
        submission, Q(uploads__audio__audio_digest=digest)
    )


def _record_known(submission: _Submission, track: Track, path: Path) -> Ingested:
    """Record another upload of a known file, and restore the stored file if it is missing."""
    same_file = AudioFile.objects.filter(uploads__track=track, uploads__checksum=submission.checksum)
    audio = same_file.first() or track.audio  # another one, where two tracks were merged
    is_damaged = audio.damaged_at is not None or backend.size(audio.key) != audio.size
    if audio.checksum == submission.checksum and is_damaged:
        logger.warning("audio file %s was missing or damaged; stored again", audio.pk)
        with _private_copy(path) as copy:
            backend.replace(copy, audio.key)
        AudioFile.objects.filter(pk=audio.pk).update(damaged_at=None)
    with transaction.atomic():
        upload = _create_upload(submission, track, audio, charged=0)
    return Ingested(track, upload, audio, created=False, matches=[])


def _create_upload(submission: _Submission, track: Track, audio: AudioFile, charged: int) -> Upload:
    return Upload.objects.create(
        user=submission.user,
        track=track,
        audio=audio,
        filename=submission.filename,
        checksum=submission.checksum,
        size=submission.size,
        charged=charged,
        raw_names=submission.raw_names,
        names_encoding=submission.names_encoding,
    )


def _find_or_create(submission: _Submission, found: Probe, names: Names, copy: Path) -> Ingested:
    """Find or create the rows. Retries when a concurrent upload or removal of the same audio wins."""
    submission = replace(
        submission,
        checksum=found.checksum,
        size=found.size,
        raw_names=found.raw_names,
        names_encoding=found.encoding,
    )
    key = backend.key_for("audio", found.checksum, found.container)
    cover: str | None = None
    for attempt in range(ATTEMPTS):
        known = _find_known(submission, found.audio_digest)
        if known is None and cover is None:
            _check_quota(submission)
            backend.store(copy, key)
            cover = store_cover(found.cover) if found.cover else ""
        try:
            with transaction.atomic():
                lock_shared()
                refuse_blocked_digest(found.audio_digest)  # it may have been taken down a moment ago
                known = _find_known(submission, found.audio_digest)
                if known is not None:
                    audio = AudioFile.objects.get(audio_digest=found.audio_digest)
                    upload = _create_upload(submission, known, audio, charged=0)
                    return Ingested(known, upload, audio, created=False, matches=[])
                if cover is None:
                    continue  # it was there a moment ago; store the file first
                track, created = _catalogue(submission, found, names, key, cover)
                if created and not submission.user.reserve(submission.size, settings.QUOTA_BYTES):
                    raise quota_exceeded()
                upload = _create_upload(
                    submission, track, track.audio, charged=submission.size if created else 0
                )
                if created:
                    fulfil_by_name(track)
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            matches = store_and_match(track, found.fingerprint, submission.user)
            return Ingested(track, upload, track.audio, created, matches)
    raise AssertionError("unreachable")


def _catalogue(
    submission: _Submission, found: Probe, names: Names, key: str, cover: str
) -> tuple[Track, bool]:
    """Create the rows, inside a transaction. Always audio, artists by key, album, track: one order, so no deadlock."""
    audio, _new = AudioFile.objects.get_or_create(
        audio_digest=found.audio_digest,
        defaults={
            "checksum": found.checksum,
            "size": found.size,
            "key": key,
            "container": found.container,
            "codec": found.codec,
            "lossless": found.lossless,
            "sample_rate": found.sample_rate,
            "channels": found.channels,
            "bits": found.bits,
            "samples": found.samples,
            "frames": found.samples_44k,
            "duration": found.duration,
            "peak": found.peak,
        },
    )
    everybody = (*names.guests, names.album_artist or names.artist, names.artist)
    names_by_key = {fold(name)[:255]: name for name in everybody}
    private = submission.visibility == Visibility.PRIVATE
    reader = submission.user if private else None
    artists = {
        name_key: Artist.objects.get_or_create_by_name(names_by_key[name_key], private_to=reader)
        for name_key in sorted(names_by_key)
    }
    artist = artists[fold(names.artist)[:255]]
    album: Album | None = None
    if names.album:
        holder = artists[fold(names.album_artist or names.artist)[:255]]
        album = Album.objects.get_or_create_by_title(names.album, holder, names.year, private_to=reader)
        is_own_album = album.private_to_id == (reader.pk if reader else None)
        if names.compilation and not album.compilation and is_own_album:
            Album.objects.filter(pk=album.pk).update(compilation=True)
            album.refresh_from_db(fields=["compilation"])
        if cover and not private:  # a private picture stays private
            Album.objects.filter(pk=album.pk, cover="").update(cover=cover)
            album.refresh_from_db(fields=["cover"])
    track, created = Track.objects.get_or_create(
        audio=audio,
        visibility=submission.visibility,
        **({"owner": submission.user} if private else {}),
        defaults={
            "owner": submission.user,
            "title": names.title,
            "artist": artist,
            "album": album,
            "track_number": names.track_number,
            "disc_number": names.disc_number,
            "genre": names.genre,
            "year": names.year,
            "cover": cover,
        },
    )
    if created and names.guests:
        credit(track, [artists[fold(name)[:255]] for name in names.guests])
    return track, created


def _check_quota(submission: _Submission) -> None:
    """Refuse before anything is stored; the transaction's conditional UPDATE is what counts."""
    submission.user.refresh_from_db(fields=["stored_bytes"])
    if submission.user.stored_bytes + submission.size > settings.QUOTA_BYTES:
        raise quota_exceeded()
