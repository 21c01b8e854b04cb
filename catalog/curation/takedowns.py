"""Take recordings down: delete every track of them, and block them from being added again.

Every track of its audio goes, also private ones; what was made of it goes through ``hooks.taken_down``; files
follow with the commit, not after the collector's grace. What stays is a ``Block``: its digest refuses the same audio
in any container, its fingerprint the same recording in another encoding.
"""

import logging
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog import hooks
from catalog.curation import history
from catalog.curation.locks import lock_exclusively, lock_rows
from catalog.curation.reports import clean_lines, close
from catalog.errors import CatalogError
from catalog.fingerprints import blocked_by
from catalog.models import AudioFile, Block, Change, Fingerprint, Report, Track, Visibility
from catalog.storage import garbage_collection
from catalog.uploads import ownership

logger = logging.getLogger(__name__)


def may_take_down(user: User) -> bool:
    """Whether ``user`` may take recordings down, and let them back in."""
    return user.has_perms(["catalog.add_block", "catalog.delete_track"])


def take_down(track: Track, user: User, reason: str = "") -> list[Block]:
    """Remove the recording behind ``track``, everywhere, and keep it from coming back.

    Raises ``CatalogError``: ``not_yours`` (403), ``gone`` (409).
    """
    if not may_take_down(user):
        raise CatalogError("not_yours", _("Only administrators may do this."), status=403)
    reason = clean_lines(reason)[:500]
    with transaction.atomic():
        lock_exclusively()
        if not Track.objects.filter(pk=track.pk).exists():
            raise CatalogError("gone", _("This song is no longer there."), status=409)
        audio = list(AudioFile.objects.filter(Q(tracks=track) | Q(uploads__track=track)).distinct())
        ids = [row.pk for row in audio]
        tracks = _tracks_of(ids)
        shown = next((row for row in tracks if row.visibility == Visibility.SHARED), track)
        blocks = [_block(row, shown.label, user, reason) for row in audio]
        history.record(Change.Kind.TAKEDOWN, shown, user, {}, {"reason": reason})
        _answer(tracks, user)
        keys = [row.cover for row in tracks if row.cover]
        for row in tracks:
            ownership.remove(row)
        ids += [freed for answer in hooks.taken_down.send(ids) for freed in answer]
        keys += garbage_collection.delete_unreferenced_audio(ids)
        transaction.on_commit(partial(garbage_collection.delete_files, keys))
    logger.info("%s took down %d recording(s)", user.pk, len(blocks))
    return blocks


def lift(block: Block) -> None:
    """Let the recording come back, should somebody bring it again."""
    block.delete()


def refuse_blocked(digest: str, values: bytes, duration: float) -> None:
    """Raise ``CatalogError("blocked")`` (451) for audio that was taken down, or that sounds like it.

    ``values`` is the fingerprint as in ``Fingerprint``, empty where there is none.
    """
    refuse_blocked_digest(digest)
    if values and blocked_by(values, duration):
        raise _blocked()


def refuse_blocked_digest(digest: str) -> None:
    """Raise it by the digest alone."""
    if Block.objects.filter(audio_digest=digest).exists():
        raise _blocked()


def _blocked() -> CatalogError:
    return CatalogError("blocked", _("This recording was taken down and cannot be added again."), status=451)


def _tracks_of(audio: Sequence[UUID]) -> list[Track]:
    """Lock and return every track of this audio, whoever's; also those it was merged into."""
    found = Track.objects.filter(Q(audio__in=audio) | Q(uploads__audio__in=audio)).distinct()
    ids = [row.pk for row in lock_rows(Track, found.values_list("pk", flat=True))]
    return list(Track.objects.filter(pk__in=ids).with_names().order_by("created_at"))


def _block(audio: AudioFile, label: str, user: User, reason: str) -> Block:
    fingerprint = Fingerprint.objects.filter(audio=audio).first()
    block, _created = Block.objects.update_or_create(
        audio_digest=audio.audio_digest,
        defaults={
            "values": bytes(fingerprint.values) if fingerprint else b"",
            "duration": fingerprint.duration if fingerprint else audio.duration,
            "label": label[:520],
            "reason": reason,
            "actor": user,
        },
    )
    return block


def _answer(tracks: Sequence[Track], user: User) -> None:
    """Close the open reports of these tracks."""
    for report in Report.objects.filter(track__in=[row.pk for row in tracks], outcome=Report.Outcome.OPEN):
        close(report, Report.Outcome.TAKEN_DOWN, user, gone=True)
