"""Requests for separations: ask for one, of a song or of one of its stems, withdraw the request.

The row, the request and the task that wakes a worker are written in one transaction: there is never one without the
others. Only the id travels through the queue.
"""

import logging
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.errors import CatalogError
from catalog.hooks import Hook
from catalog.models import Track
from catalog.visibility import visible_to
from separation import demanding, lifecycle, model_choice
from separation.engines import model_files, modelspec
from separation.engines.descriptors import ModelSpec, ModelUnavailable
from separation.models import Separation, SeparationRequest, Status, Stem, TrackSeparation
from separation.queue.log_context import log_separation

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``queued``: this call put the work into the queue; False: it was waiting, running or done already."""

    separation: Separation
    queued: bool


requested: Hook[[Outcome], None] = Hook()
"""Somebody asked for a separation; the row is committed, unless the caller is in a transaction of its own."""


def choose(model: str | None) -> ModelSpec:
    """Return the model called ``model``, or the default one, to separate a song with.

    Raises CatalogError ``unknown_model`` (400), ``takes_stem`` (400) for a model that separates a stem, and
    ``model_unavailable`` (409) when no default is installed.
    """
    try:
        spec = modelspec.get(model) if model else model_choice.default()
    except ModelUnavailable as error:
        if model:
            raise _unknown_model() from error
        raise CatalogError("model_unavailable", _("No model is installed."), status=409) from error
    if spec.takes:
        sentence = _("This model separates a part, not a song. Request it for a part called %(name)s.")
        raise CatalogError("takes_stem", sentence % {"name": spec.takes})
    return spec


def choose_for_stem(name: str, model: str | None) -> ModelSpec:
    """Return the model called ``model``, or the default one, to separate stems called ``name`` with.

    Raises CatalogError ``unknown_model`` (400), ``wrong_stem`` (400) for a model that takes something else, and
    ``model_unavailable`` (409) when no default is installed.
    """
    if not model:
        specs = model_choice.available(takes=name)
        if not specs:
            sentence = _("No model is installed that takes this part apart.")
            raise CatalogError("model_unavailable", sentence, status=409)
        return specs[0]
    try:
        spec = modelspec.get(model)
    except ModelUnavailable as error:
        raise _unknown_model() from error
    if spec.takes == name:
        return spec
    if not spec.takes:
        raise CatalogError("wrong_stem", _("This model separates whole songs, not their parts."))
    sentence = _("This model takes another part apart: %(name)s.")
    raise CatalogError("wrong_stem", sentence % {"name": spec.takes})


def _unknown_model() -> CatalogError:
    return CatalogError("unknown_model", _("There is no such model."))


def check_installed(spec: ModelSpec) -> None:
    """Raise CatalogError ``model_unavailable`` (409) where ``spec`` cannot run here."""
    if not model_files.is_available(spec, settings.MODELS_DIR):
        sentence = _("This model is not installed. Get it with: manage.py fetch_models %(name)s")
        raise CatalogError("model_unavailable", sentence % {"name": spec.folder}, status=409)


def ask(track: Track, model: str | None, user: User, *, silent: bool = False) -> Outcome:
    """Store that ``user`` wants ``track`` separated with ``model`` (None: the default); queue what is new.

    What is done already, or on its way, is not done again; what failed or was cancelled starts anew. A ``silent``
    request gets no notices, unless the same account has made one that does.
    Raises CatalogError as ``choose`` does, ``model_unavailable`` (409), ``too_many_queued`` (429) or
    ``too_many_demanding`` (429).
    """
    spec = choose(model)
    with transaction.atomic():
        outcome = _ask(track, track.audio_id, spec, user, silent=silent)
        if outcome.separation.status == Status.SUCCEEDED:  # a new track of audio that was separated before
            Track.objects.filter(pk=track.pk, separated_at=None).update(separated_at=Now())
    return _announce(outcome)


def ask_for_stem(stem: Stem, track: Track, model: str | None, user: User, *, silent: bool = False) -> Outcome:
    """Store that ``user`` wants ``stem`` separated further, on ``track``, which shows it. Otherwise like ``ask``.

    Raises CatalogError as ``choose_for_stem`` does; ``stem_of_stem`` (400), as stems of stems are not separated again;
    ``silent_stem`` (409), ``not_ready`` (409) for a stem that is gone, ``model_unavailable`` (409),
    ``too_many_queued`` (429) or ``too_many_demanding`` (429).
    """
    if stem.separation.mixture_id != track.audio_id:
        raise CatalogError("stem_of_stem", _("This is a part of a part; it is not taken apart any further."))
    spec = choose_for_stem(stem.name, model)
    if not stem.audio.peak:
        raise CatalogError("silent_stem", _("This part is silent. There is nothing in it."), status=409)
    with transaction.atomic():
        # Locked, so that its separation is not deleted between this and the commit.
        current = Stem.objects.select_for_update().filter(pk=stem.pk, audio=stem.audio_id).order_by()
        if not list(current.values_list("pk")):
            raise CatalogError("not_ready", _("This part has just changed. Try again."), status=409)
        outcome = _ask(track, stem.audio_id, spec, user, silent=silent)
    return _announce(outcome)


def _ask(track: Track, mixture: UUID, spec: ModelSpec, user: User, *, silent: bool) -> Outcome:
    """Get or make the row of ``mixture`` and ``spec``, and queue it, inside a transaction."""
    known = Separation.objects.filter(mixture=mixture, model=spec.slug, revision=spec.revision)
    if not known.filter(status=Status.SUCCEEDED).exists():
        check_installed(spec)
    row, _created = Separation.objects.get_or_create(
        mixture_id=mixture, model=spec.slug, revision=spec.revision
    )
    # Locked until the commit, so that nobody cancels it between reading it and writing the request.
    separation = Separation.objects.select_for_update().get(pk=row.pk)
    SeparationRequest.objects.update_or_create(
        separation=separation,
        user=user,
        defaults={"track": track} if silent else {"track": track, "silent": False},
        create_defaults={"track": track, "silent": silent},
    )
    show(separation, track)
    queued = lifecycle.queue(separation, by=user)
    if queued and _unfinished_count(user) > settings.QUEUED_PER_PERSON:
        raise CatalogError(
            "too_many_queued",
            _("You already have many songs waiting. Try again when some are done."),
            status=429,
        )
    if queued:
        demanding.check(user, separation)
    separation.refresh_from_db()
    return Outcome(separation, queued)


def _announce(outcome: Outcome) -> Outcome:
    """Write of a new request into the log, and tell those who subscribed."""
    if outcome.queued:
        with log_separation(outcome.separation.pk):
            log.info("separation %s: queued", outcome.separation.pk)
    requested.send(outcome)
    return outcome


def show(separation: Separation, track: Track) -> None:
    """Have ``track`` show ``separation`` from now on; again, where it was stopped there."""
    row, created = TrackSeparation.objects.get_or_create(separation=separation, track=track)
    if not created and row.stopped_at is not None:
        TrackSeparation.objects.filter(pk=row.pk).update(stopped_at=None, created_at=timezone.now())


def _unfinished_count(user: User) -> int:
    return Separation.objects.unfinished().filter(requests__user=user).count()


def withdraw(separation: Separation, user: User) -> bool:
    """Delete the request of ``user``. Unfinished work without a request is cancelled.

    True when it was, as far as ``user`` may know: requests of others through private tracks are not revealed.
    """
    with transaction.atomic():
        row = Separation.objects.select_for_update().get(pk=separation.pk)
        SeparationRequest.objects.filter(separation=row, user=user).delete()
        if row.is_finished:
            return False
        if not row.requests.exists():
            return lifecycle.cancel(row)
        wanted = SeparationRequest.objects.filter(separation=row, track=OuterRef("track"))
        shown = TrackSeparation.objects.filter(visible_to(user, "track"), separation=row)
        shown.filter(~Exists(wanted), stopped_at=None).update(stopped_at=Now())
        return not row.requests.filter(visible_to(user, "track")).exists()
