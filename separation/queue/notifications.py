"""Notices to everyone who asked for a separation: ready, or failed and why. Called inside the transaction."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from catalog.models import Notice
from catalog.social.notices import notify
from separation.display_names import describe_parts
from separation.engines.modelspec import SPECS
from separation.error_messages import REASONS
from separation.models import Separation, SeparationRequest


def ready(separation: Separation) -> None:
    """Notify that ``separation`` has succeeded; of a stem, into which parts."""
    spec = SPECS.get(separation.model)
    parts = describe_parts(spec) if spec and spec.takes else ""
    for request in _requests([separation.pk]):
        notify(request.user, Notice.Kind.SEPARATED, track=request.track, text=parts, mail=not request.more)


def failed(separations: Iterable[UUID]) -> None:
    """Notify that these have failed, with the reason stored in their rows."""
    for request in _requests(separations):
        text = REASONS.get(request.separation.error_code) or request.separation.error_detail
        notify(request.user, Notice.Kind.FAILED, track=request.track, text=text, mail=not request.more)


def _requests(separations: Iterable[UUID]) -> "QuerySet[Any]":
    """Return the requests; ``more`` where the account waits for others, so that 200 songs are not 200 mails."""
    rows = SeparationRequest.objects.filter(separation__in=list(separations), silent=False)
    others = Separation.objects.unfinished().filter(requests__user=OuterRef("user"), requests__silent=False)
    return rows.select_related("separation", "user", "track__artist").annotate(more=Exists(others))
