"""Asking for a separation, no longer wanting it, and how long it will still take.

The row, who wants it and the doorbell for the worker are written in one transaction: there is never one
without the others. Only the id travels through the queue.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.errors import CatalogError
from catalog.models import Track
from catalog.visibility import visible_to
from separation import lifecycle
from separation.engines import modelspec
from separation.models import Separation, SeparationRequest, Status, TrackSeparation

# A song may be done in between a longer one that has so many times its work left.
CLEARLY = 2.0
# Seconds of work per second of song, before this server has separated anything.
FIRST_GUESS = 0.2


@dataclass(frozen=True, slots=True)
class Asked:
    """``queued`` tells that this call put the work into the queue; False: it was there, waiting or done."""

    separation: Separation
    queued: bool


def choose(model: str | None) -> modelspec.ModelSpec:
    """The model called ``model``, or the default one.

    Raises CatalogError ``unknown_model`` (400), and ``model_unavailable`` (409) when no default is installed.
    """
    try:
        return modelspec.get(model) if model else modelspec.default(settings.MODELS_DIR)
    except modelspec.ModelUnavailable as error:
        if model:
            raise CatalogError("unknown_model", _("There is no such model.")) from error
        raise CatalogError("model_unavailable", _("No model is installed."), status=409) from error


def check_installed(spec: modelspec.ModelSpec) -> None:
    """Raises CatalogError ``model_unavailable`` (409) where ``spec`` cannot run here."""
    if not modelspec.is_available(spec, settings.MODELS_DIR):
        sentence = _("This model is not installed. Get it with: manage.py fetch_models %(name)s")
        raise CatalogError("model_unavailable", sentence % {"name": spec.weights}, status=409)


def ask(track: Track, model: str | None, user: User) -> Asked:
    """Remember that ``user`` wants ``track`` separated with ``model`` (None: the default); queue what is new.

    What is already separated, or on its way, is not done again; what failed or was cancelled starts anew.
    Raises CatalogError ``unknown_model`` (400), ``model_unavailable`` (409) or ``too_many_queued`` (429).
    """
    spec = choose(model)
    with transaction.atomic():
        known = Separation.objects.filter(mixture=track.audio_id, model=spec.slug, revision=spec.revision)
        if not known.filter(status=Status.SUCCEEDED).exists():
            check_installed(spec)
        row, _created = Separation.objects.get_or_create(
            mixture_id=track.audio_id, model=spec.slug, revision=spec.revision
        )
        # Held until the commit, so that nobody cancels it between our look and our request.
        separation = Separation.objects.select_for_update().get(pk=row.pk)
        SeparationRequest.objects.update_or_create(
            separation=separation, user=user, defaults={"track": track}
        )
        _show(separation, track)
        queued = _queue(separation, Q(status__in=[Status.FAILED, Status.CANCELLED]) | Q(queued_at=None))
        if queued and _waiting_for(user) > settings.QUEUED_PER_PERSON:
            raise CatalogError(
                "too_many_queued",
                _("You already have many songs waiting. Try again when some are done."),
                status=429,
            )
        separation.refresh_from_db()
        if separation.status == Status.SUCCEEDED:  # a new track of audio that was separated before
            Track.objects.filter(pk=track.pk, separated_at=None).update(separated_at=Now())
    return Asked(separation, queued)


def _show(separation: Separation, track: Track) -> None:
    """From now on ``track`` shows ``separation``; again, where it was stopped there."""
    row, created = TrackSeparation.objects.get_or_create(separation=separation, track=track)
    if not created and row.stopped_at is not None:
        TrackSeparation.objects.filter(pk=row.pk).update(stopped_at=None, created_at=timezone.now())


def _queue(separation: Separation, state: Q) -> bool:
    """Queue the row from ``state`` and ring, or change nothing. Call it inside a transaction."""
    rows = Separation.objects.filter(state, pk=separation.pk).update(
        status=Status.QUEUED,
        owner="",
        lease_until=None,
        attempts=0,
        crashes=0,
        retry_at=None,
        progress=0.0,
        segments=0,
        queued_at=Now(),
        rung_at=Now(),
        started_at=None,
        finished_at=None,
        error_code="",
        error_detail="",
    )
    if rows:
        lifecycle.ring(separation.pk)
    return bool(rows)


def _waiting_for(user: User) -> int:
    return Separation.objects.unfinished().filter(requests__user=user).count()


def withdraw(separation: Separation, user: User) -> bool:
    """``user`` no longer wants it. Unfinished work that nobody wants is cancelled.

    True when it was, as far as ``user`` may know: what others want on their private tracks goes on unseen.
    """
    with transaction.atomic():
        row = Separation.objects.select_for_update().get(pk=separation.pk)
        SeparationRequest.objects.filter(separation=row, user=user).delete()
        if row.is_finished:
            return False
        if not row.requests.exists():
            return cancel(row)
        wanted = SeparationRequest.objects.filter(separation=row, track=OuterRef("track"))
        shown = TrackSeparation.objects.filter(visible_to(user, "track"), separation=row)
        shown.filter(~Exists(wanted), stopped_at=None).update(stopped_at=Now())
        return not row.requests.filter(visible_to(user, "track")).exists()


def cancel(separation: Separation) -> bool:
    """Stop unfinished work, whoever wants it; a running worker notices at its next heartbeat."""
    return bool(
        Separation.objects.unfinished()
        .filter(pk=separation.pk)
        .update(status=Status.CANCELLED, owner="", lease_until=None, finished_at=Now())
    )


def requeue(separation: Separation) -> bool:
    """Do it again from the start, even what succeeded (its stems stay until they are replaced)."""
    with transaction.atomic():
        return _queue(separation, ~Q(status=Status.RUNNING))


def queue_position(separation: Separation) -> int | None:
    """1 for what comes next; None when it does not wait."""
    if separation.status != Status.QUEUED:
        return None
    for position, pk in enumerate(lifecycle.in_turn().values_list("pk", flat=True), start=1):
        if pk == separation.pk:
            return position
    return None


@dataclass(slots=True)
class _Song:
    """A song in the forecast: how much of it is left, and when others may be done in between."""

    left: float
    ready: float


@dataclass(slots=True)
class _Slot:
    """A worker in the forecast: its songs one after another, and when it is free."""

    songs: list[_Song] = field(default_factory=list)
    free: float = 0.0


def eta_seconds(separation: Separation) -> float | None:
    """Seconds until the stems are there, by what this server took lately; None when nothing is on its way.

    A small forecast of the queue: every song goes to the worker that is free first, or in between the chunks of
    a much longer one, as the workers do it.
    """
    if separation.status == Status.RUNNING:
        return _remaining(separation)
    if separation.status != Status.QUEUED:
        return None
    slots = _slots()
    speeds: dict[str, float] = {}
    for row in lifecycle.in_turn().select_related("mixture"):
        if row.model not in speeds:
            speeds[row.model] = speed(row.model)
        done = _placed(slots, row.mixture.duration * speeds[row.model])
        if row.pk == separation.pk:
            return done
    return None


def _slots() -> list[_Slot]:
    """The workers and what they are busy with."""
    busy: dict[str, list[float]] = {}
    for row in Separation.objects.filter(status=Status.RUNNING).select_related("mixture"):
        busy.setdefault(row.owner.rpartition("/")[0], []).append(_remaining(row))
    slots = [
        # Of two songs the shorter is in between; the next one may be when the longer had as much time.
        _Slot([_Song(max(left), CLEARLY * min(left) if len(left) > 1 else 0.0)], sum(left))
        for left in busy.values()
    ]
    return slots + [_Slot() for _ in range(settings.WORKERS - len(slots))]


def _placed(slots: list[_Slot], whole: float) -> float:
    """When a song of so many seconds of work is done, by whoever has it done first."""
    first = min(slots, key=lambda slot: slot.free)
    between = [
        (song.ready, number, slot)
        for slot in slots
        for number, song in enumerate(slot.songs)
        if song.left >= CLEARLY * whole and song.ready < first.free
    ]
    if between:
        ready, number, slot = min(between, key=lambda found: found[0])
        slot.songs[number].ready += CLEARLY * whole
        for later in slot.songs[number + 1 :]:
            later.ready += whole
        slot.free += whole
        return ready + whole
    first.songs.append(_Song(whole, first.free))
    first.free += whole
    return first.free


def _remaining(row: Separation) -> float:
    guess = row.mixture.duration * speed(row.model)
    if row.started_at is None:
        return guess
    elapsed = (timezone.now() - row.started_at).total_seconds()
    if row.progress > 0.05:
        return max(elapsed * (1 - row.progress) / row.progress, 0.0)
    return max(guess - elapsed, 0.0)


def speed(model: str) -> float:
    """Seconds of work per second of song, from the last separations with this model."""
    latest = (
        Separation.objects.filter(
            model=model, status=Status.SUCCEEDED, finished_at__gt=timezone.now() - timedelta(days=30)
        )
        .exclude(started_at=None)
        .select_related("mixture")
        .order_by("-finished_at")[:10]
    )
    work = song = 0.0
    for row in latest:
        if row.started_at and row.finished_at:
            work += (row.finished_at - row.started_at).total_seconds()
            song += row.mixture.duration
    return work / song if song else FIRST_GUESS
