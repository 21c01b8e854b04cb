"""Recognise a file by its checksum before it is uploaded, and prove possession of it.

Knowing a checksum is not having the file: checksums are in lists and logs. So a look-up changes nothing, and a client
that wants the song without uploading it proves possession: the server asks for bytes at random places of the stored
file, and the answer is the SHA-256 of the challenge's nonce and these bytes.
"""

import hashlib
import hmac
import random
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from django.core import signing
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.curation.locks import lock_shared
from catalog.errors import CatalogError
from catalog.models import AudioFile, Track, Upload
from catalog.storage import backend
from catalog.uploads.ingest import lookup
from catalog.uploads.naming import received_filename
from catalog.uploads.ownership import holds

PLACES: Final = 16
PLACE_BYTES: Final = 1_024
LASTS: Final = timedelta(minutes=5)
SALT: Final = "catalog.uploads.checksum_lookup"


@dataclass(frozen=True)
class Challenge:
    """``ranges`` are pairs of offset and length in bytes; ``token`` binds them to one account and checksum."""

    token: str
    nonce: str
    ranges: list[tuple[int, int]]
    expires_at: datetime


def challenge(track: Track, checksum: str, user: User) -> Challenge | None:
    """Return the challenge that ``user`` must answer to get ``track`` by the file with this SHA-256.

    None where they have it already, and where these very bytes are not stored: the same audio in another file.
    """
    audio = None if holds(track, user) else _find_audio(track, checksum)
    if audio is None:
        return None
    nonce, ranges = secrets.token_hex(32), _places(audio, user)
    token = signing.dumps([str(user.pk), audio.checksum, nonce, ranges], salt=SALT)
    return Challenge(token, nonce, ranges, timezone.now() + LASTS)


def _find_audio(track: Track, checksum: str) -> AudioFile | None:
    return AudioFile.objects.filter(uploads__track=track, checksum=checksum.lower()).first()


def _places(audio: AudioFile, user: User) -> list[tuple[int, int]]:
    """Choose a random place in each sixteenth of the file; of a small file all of it.

    A person gets the same ones all day: who has a part of the file cannot look it up until all lie within that.
    """
    if audio.size <= PLACES * PLACE_BYTES:
        return [(0, audio.size)]
    seed = salted_hmac(
        SALT, f"{user.pk} {audio.checksum} {timezone.now().date()}", algorithm="sha256"
    ).digest()
    draw = random.Random(seed)  # noqa: S311  # seeded by a keyed hash
    bounds = [audio.size * n // PLACES for n in range(PLACES + 1)]
    return [(draw.randint(start, stop - PLACE_BYTES), PLACE_BYTES) for start, stop in pairwise(bounds)]


def prove(token: str, digest: str, filename: str, user: User) -> Track | None:
    """Check the answer and record the upload: ``user`` holds the track as if they had sent the file.

    None when it is gone. A challenge is answered once, rightly or wrongly. Raises ``CatalogError``: ``proof_expired``
    (409; also for one that was answered already), ``proof_failed`` (403), ``file_missing``.
    """
    account, checksum, nonce, ranges = _read(token)
    if account != str(user.pk):
        raise _proof_failed()
    if not cache.add(f"proof-{nonce}", 1, LASTS.total_seconds() + 60):
        raise _challenge_expired()
    track = lookup(checksum, user)
    audio = None if track is None else _find_audio(track, checksum)
    if audio is None:
        return None
    if not hmac.compare_digest(answer(nonce, ranges, audio), digest.lower()):
        raise _proof_failed()
    return claim(checksum, filename, user)


def answer(nonce: str, ranges: list[tuple[int, int]], audio: AudioFile) -> str:
    """Return the correct answer to a challenge. Raises ``CatalogError("file_missing")``."""
    digest = hashlib.sha256(bytes.fromhex(nonce))
    for start, length in ranges:
        digest.update(backend.read(audio.key, start, start + length, size=audio.size))
    return digest.hexdigest()


def _read(token: str) -> tuple[str, str, str, list[tuple[int, int]]]:
    try:
        payload: Any = signing.loads(token, salt=SALT, max_age=LASTS)
    except signing.SignatureExpired:
        raise _challenge_expired() from None
    except signing.BadSignature:
        raise _proof_failed() from None
    account, checksum, nonce, ranges = payload
    return account, checksum, nonce, [(start, length) for start, length in ranges]


def _challenge_expired() -> CatalogError:
    sentence = _("This challenge has expired or was answered before. Look the file up again.")
    return CatalogError("proof_expired", sentence, status=409)


def _proof_failed() -> CatalogError:
    return CatalogError("proof_failed", _("This does not prove that you have the file. Send it."), status=403)


def claim(checksum: str, filename: str, user: User) -> Track | None:
    """Record that ``user`` uploaded the file with this SHA-256, after the proof; return its track.

    Nothing is counted against their quota, and doing it again changes nothing. None for what is not known, or
    private to somebody else.
    """
    with transaction.atomic():
        lock_shared()
        found = lookup(checksum, user)
        if found is None:
            return None
        # Held, so that it is not removed in this moment, nor claimed twice.
        track = Track.objects.select_for_update().filter(pk=found.pk).first()
        known = track and track.uploads.filter(checksum=checksum.lower()).order_by("created_at").first()
        if not track or not known:
            return None
        if not track.uploads.filter(user=user).exists():
            Upload.objects.create(
                user=user,
                track=track,
                audio=known.audio,
                filename=received_filename(filename),
                checksum=known.checksum,
                size=known.size,
                charged=0,
            )
        return found
