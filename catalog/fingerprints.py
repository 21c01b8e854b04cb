"""Find the same recording in another encoding by acoustic fingerprints.

Nothing is merged automatically: a person is offered the tracks that were found. A few values of each fingerprint are
indexed (``matching.terms``); candidates share such values at the same distance, and only the best are compared. The
work is bounded for any input. What a person may not see is excluded before the comparison.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from audio.fingerprint import chromaprint, matching
from audio.fingerprint.matching import SAME_LENGTH_SECONDS
from catalog.models import AudioFile, Block, Fingerprint, FingerprintTerm, Match, Track, Upload, Visibility
from catalog.normalization import fold

logger = logging.getLogger(__name__)

MOST_OF_A_TERM = 100  # more recordings than these with the same number do not help to find one
MOST_CANDIDATES = 500
MOST_COMPARED = 10
MOST_OFFERED = 5
LEAST_VOTES = 2
MOST_INSERTED = 20_000
NO_LIBRARY = (
    "Chromaprint is not installed, so the same song in another encoding is not noticed. "
    "On Debian and Ubuntu: apt-get install libchromaprint1, then manage.py fingerprint."
)


@dataclass(frozen=True)
class Similar:
    """A track that may be the same recording. ``similarity`` and ``offset`` are those of ``Match``, ``audio`` is
    what it was compared with; all ``None`` where only names and lengths are alike."""

    track: Track
    similarity: float | None = None
    offset: float | None = None
    audio: UUID | None = None


def version() -> str:
    """Return the version of Chromaprint in use, or an empty string: then only names are compared."""
    return chromaprint.version() if settings.FINGERPRINTS else ""


def missing() -> QuerySet[AudioFile]:
    """Return the mixtures that have no fingerprint yet."""
    uploads = Upload.objects.filter(audio=OuterRef("pk"))
    listed = Track.objects.filter(audio=OuterRef("pk"))
    return AudioFile.objects.filter(Exists(uploads) | Exists(listed), fingerprint=None)


def store(audio: AudioFile, values: bytes) -> None:
    """Store the fingerprint of ``audio``; an existing one stays."""
    with transaction.atomic():
        row, created = Fingerprint.objects.get_or_create(
            audio=audio, defaults={"values": values, "duration": audio.duration}
        )
        if created:
            FingerprintTerm.objects.bulk_create(_terms(row))


def index_terms() -> None:
    """Store the terms of all fingerprints, where there are none: a backup has the fingerprints alone."""
    batch: list[FingerprintTerm] = []
    for row in Fingerprint.objects.iterator(chunk_size=200):
        batch += _terms(row)
        if len(batch) > MOST_INSERTED:
            FingerprintTerm.objects.bulk_create(batch)
            batch = []
    FingerprintTerm.objects.bulk_create(batch)


def _terms(row: Fingerprint) -> list[FingerprintTerm]:
    found = matching.terms(matching.parse_values(row.values))
    return [FingerprintTerm(fingerprint=row, term=term, position=at) for term, at in found.items()]


def store_and_match(track: Track, values: bytes | None, user: User) -> list[Similar]:
    """Keep the fingerprint of a track that is new to ``user``, and say what it may be the same recording as.

    The track is in already: a database that is busy or gone spoils this only, and ``manage.py fingerprint`` makes
    up for it.
    """
    try:
        if values is None:
            return alike_by_name(track, user)
        store(track.audio, values)
        found = similar(track, user)
        _propose(track.audio, found)
    except DatabaseError:
        logger.exception("the fingerprint of audio %s could not be kept", track.audio_id)
        return []
    return found or alike_by_name(track, user)


def similar(track: Track, user: User | AnonymousUser) -> list[Similar]:
    """Return tracks that ``user`` may see and that match the recording of ``track``, the most similar first."""
    row = Fingerprint.objects.filter(audio=track.audio_id).first()
    if row is None:
        return []
    own = matching.parse_values(row.values)
    found: list[Similar] = []
    candidates = _visible_matches(_candidates(own, without=row.pk), row, track, user)[:MOST_COMPARED]
    stored = Fingerprint.objects.in_bulk([pk for pk, _track in candidates])
    for pk, other in candidates:
        if (other_row := stored.get(pk)) is None:  # removed a moment ago
            continue
        alike = matching.compare(own, matching.parse_values(other_row.values))
        if alike and matching.same_length(row.duration, other_row.duration, alike.offset):
            found.append(
                Similar(other, round(alike.similarity, 4), round(alike.offset, 2), other_row.audio_id)
            )
    return sorted(found, key=lambda each: -(each.similarity or 0))[:MOST_OFFERED]


def propose(audio: AudioFile) -> None:
    """Write down which shared tracks may be the same as a shared one of ``audio`` whose fingerprint came late."""
    track = Track.objects.filter(audio=audio, visibility=Visibility.SHARED).first()
    if track is not None:
        _propose(audio, similar(track, AnonymousUser()))


def alike_by_name(track: Track, user: User) -> list[Similar]:
    """Find other tracks with the same artist and title and about the same length, which no fingerprint can tell."""
    near = (track.audio.duration - SAME_LENGTH_SECONDS, track.audio.duration + SAME_LENGTH_SECONDS)
    others = Track.objects.visible_to(user).with_names().exclude(pk=track.pk)
    others = others.filter(artist=track.artist_id, audio__duration__range=near)
    if Fingerprint.objects.filter(audio=track.audio_id).exclude(values=b"").exists():
        others = others.filter(Q(audio__fingerprint=None) | Q(audio__fingerprint__values=b""))
    title = fold(track.title)
    return [Similar(other) for other in others[:200] if fold(other.title) == title][:MOST_OFFERED]


def blocked_by(values: bytes, duration: float) -> Block | None:
    """Return the block of the taken-down recording that this fingerprint matches."""
    own = matching.parse_values(values)
    widest = SAME_LENGTH_SECONDS + matching.LARGEST_OFFSET_SECONDS
    near = Block.objects.filter(duration__range=(duration - widest, duration + widest)).exclude(values=b"")
    for block in near.order_by("pk").iterator():
        alike = matching.compare(own, matching.parse_values(block.values))
        if alike and matching.same_length(duration, block.duration, alike.offset):
            return block
    return None


def _candidates(values: matching.Values, without: UUID) -> list[UUID]:
    """Return fingerprints that share terms at one distance, those with the most first."""
    wanted = matching.terms(values)
    if not wanted:
        return []
    places = matching.positions(values)
    votes: Counter[tuple[str, int]] = Counter()
    for term, fingerprint, position in _rows(list(wanted)):
        for place in places[term]:
            distance = place - position
            if abs(distance) <= matching.LARGEST_OFFSET:
                # Two frames wide, cut in both ways (even and odd): nothing falls between.
                votes[fingerprint, distance // 2 * 2] += 1
                votes[fingerprint, (distance + 1) // 2 * 2 + 1] += 1
    best: dict[str, int] = {}
    for (fingerprint, _distance), count in votes.items():
        if count >= LEAST_VOTES:
            best[fingerprint] = max(count, best.get(fingerprint, 0))
    ordered = map(UUID, sorted(best, key=lambda pk: (-best[pk], pk)))
    return [pk for pk in ordered if pk != without][:MOST_CANDIDATES]


def _rows(terms: Sequence[int]) -> Iterable[tuple[int, str, int]]:
    """Read the positions of these terms, at most so many rows of each, which is what needs SQL."""
    one = (
        "SELECT * FROM (SELECT term, CAST(fingerprint_id AS text), position FROM catalog_fingerprintterm "  # noqa: S608
        f"WHERE term = %s LIMIT {MOST_OF_A_TERM}) AS of_a_term"
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([one] * len(terms)), terms)
        rows: list[tuple[int, str, int]] = cursor.fetchall()
    return rows


def _visible_matches(
    ids: list[UUID], own: Fingerprint, track: Track, user: User | AnonymousUser
) -> list[tuple[UUID, Track]]:
    """Return those of these fingerprints that have about the same length and a track that ``user`` may see."""
    rows = Fingerprint.objects.filter(pk__in=ids).exclude(audio=own.audio_id)
    audio = {
        audio: pk
        for pk, audio, duration in rows.values_list("pk", "audio_id", "duration")
        if matching.same_length(own.duration, duration)
    }
    if not audio:
        return []
    visible = Track.objects.visible_to(user).exclude(pk=track.pk)
    known: dict[UUID, UUID] = {}
    merged = Upload.objects.filter(audio__in=audio, track__in=visible.values("pk"))
    known.update(merged.values_list("audio_id", "track_id"))  # its track may have been merged into another
    known.update(visible.filter(audio__in=audio).order_by("-created_at").values_list("audio_id", "pk"))
    tracks = visible.with_names().in_bulk(set(known.values()))
    order = {pk: at for at, pk in enumerate(ids)}
    found: dict[UUID, tuple[UUID, Track]] = {}
    for recording in sorted(known, key=lambda each: order[audio[each]]):
        found.setdefault(known[recording], (audio[recording], tracks[known[recording]]))
    return list(found.values())


def _propose(audio: AudioFile, found: list[Similar]) -> None:
    """Write down who may be the same."""
    Match.objects.bulk_create(
        [
            Match(audio=audio, other_id=each.audio, similarity=each.similarity, offset=each.offset)
            for each in found
            if each.audio is not None and each.similarity is not None and each.offset is not None
        ],
        ignore_conflicts=True,
    )
