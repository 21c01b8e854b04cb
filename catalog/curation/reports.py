"""Reports of what is wrong with a song, and the answers of curators."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audio.tags.cleaning import clean_text
from catalog.errors import CatalogError
from catalog.models import Notice, Report, Track, Visibility
from catalog.social.notices import notify

PER_DAY = 50
LONGEST = 2000

ANSWERS: dict[str, Any] = {
    Report.Outcome.DONE: _("You reported “{label}”. It has been fixed. Thank you."),
    Report.Outcome.TAKEN_DOWN: _("You reported “{label}”. It has been taken down. Thank you."),
    Report.Outcome.REFUSED: _("You reported “{label}”. We reviewed it and left it as it is."),
}


def report(track: Track, user: User, reason: Report.Reason, text: str = "") -> tuple[Report, bool]:
    """Report what ``user`` says is wrong with ``track``; True for a new report.

    False for the open one that they made before for this reason: ``text`` is added to it, if there is room.
    Raises ``CatalogError``: ``not_shared`` (409), ``gone`` (404), ``too_many_reports`` (429).
    """
    text = clean_lines(text)
    with transaction.atomic():
        # Locked, so that two at once are not both the first.
        found = (
            Track.objects.select_for_update(of=("self",)).select_related("artist").filter(pk=track.pk).first()
        )
        if found is None:
            raise CatalogError("gone", _("This song is no longer there."), status=404)
        if found.visibility != Visibility.SHARED:
            raise CatalogError("not_shared", _("Only you see this song; change it yourself."), status=409)
        mine = Report.objects.filter(user=user)
        known = mine.filter(track=found, reason=reason, outcome=Report.Outcome.OPEN).first()
        if known is not None and (extended := _extended(known.text, text)) is not None:
            Report.objects.filter(pk=known.pk).update(text=extended)
            known.text = extended
            return known, False
        if mine.filter(created_at__gt=timezone.now() - timedelta(days=1)).count() >= PER_DAY:
            raise CatalogError(
                "too_many_reports",
                _("You have reported many songs today. Thank you. Please continue tomorrow."),
                status=429,
            )
        row = Report.objects.create(track=found, label=found.label[:520], user=user, reason=reason, text=text)
    return row, True


def _extended(known: str, text: str) -> str | None:
    """Add ``text`` to what a report says already; None where that would be too long."""
    if text in known:
        return known
    extended = f"{known}\n\n{text}".strip()
    return extended if len(extended) <= LONGEST else None


def clean_lines(text: str) -> str:
    """Return free text of several lines without control characters, at most ``LONGEST``."""
    lines = (clean_text(line, LONGEST) or "" for line in text[:LONGEST].splitlines())
    return "\n".join(lines).strip()[:LONGEST]


def close(row: Report, outcome: Report.Outcome, user: User, *, gone: bool = False) -> bool:
    """Answer a report, and tell who made it; False when it was answered already.

    ``gone``: its track is being taken away, and a notice would go with it.
    """
    with transaction.atomic():
        changed = Report.objects.filter(pk=row.pk, outcome=Report.Outcome.OPEN).update(
            outcome=outcome, closed_at=timezone.now(), closed_by=user
        )
        if changed and row.user is not None:
            track = None if gone else row.track
            notify(
                row.user, Notice.Kind.REPORT, track=track, text=format_lazy(ANSWERS[outcome], label=row.label)
            )
    return bool(changed)
