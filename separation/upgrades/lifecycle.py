"""Every transition of a ``ModelUpgrade``, and what it does to songs.

::

    (new) ──start──> running ──queue_next, nothing left──> done
                       │ ^
                   stop│ │resume
                       v │
                     stopped

The work itself goes through the queue like any other: ``queue_next`` puts as many songs into it as there are workers,
whenever one is done and whenever recovery looks. Nobody asked for these separations, and that is all that sets them
apart: ``queue/scheduling.py`` puts them behind all others, and ``queue/interleaving.py`` lets them give way. Nothing is
remembered of which songs were done, so a crash at any moment costs no more than the song in work.
"""

import logging
import shutil

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.errors import CatalogError
from separation import lifecycle
from separation.engines import model_files
from separation.engines.descriptors import ModelSpec
from separation.models import ModelUpgrade, Separation, Status, TrackSeparation
from separation.queue.requests import show
from separation.upgrades.songs import Songs

State = ModelUpgrade.State

log = logging.getLogger(__name__)


def check(source: str, target: ModelSpec) -> None:
    """Raise ``CatalogError`` where songs of ``source`` cannot be separated with ``target``."""
    if not model_files.is_available(target, settings.MODELS_DIR):
        raise CatalogError("model_unavailable", _("This model is not installed."), status=409)
    parts = parts_of(source)
    if not parts:
        raise CatalogError("no_songs", _("No song was separated with that model."), status=409)
    if target.takes or not parts <= set(target.stems):
        sentence = _("%(target)s does not give all the parts of %(source)s, so it cannot take its place.")
        raise CatalogError("other_parts", sentence % {"target": target.slug, "source": source}, status=409)


def parts_of(source: str) -> set[str]:
    """Return the stems that the model ``source`` gave last, also where it is no longer known."""
    last = Separation.objects.filter(model=source, status=Status.SUCCEEDED).order_by("-finished_at").first()
    return set(last.stems.values_list("name", flat=True)) if last else set()


def start(source: str, target: ModelSpec, user: User | None, *, limit: int | None = None) -> ModelUpgrade:
    """Begin to separate songs of ``source`` with ``target``, the ``limit`` most played ones where there is one.

    Raises ``CatalogError``: ``busy`` while another one runs, and what ``check`` raises.
    """
    check(source, target)
    try:
        with transaction.atomic():
            upgrade = ModelUpgrade.objects.create(
                source_model=source,
                target_model=target.slug,
                remaining=limit,
                started_by=user,
                started_at=Now(),
            )
    except IntegrityError as error:
        raise _busy() from error
    log.info("upgrade %s: started", upgrade)
    queue_next()
    upgrade.refresh_from_db()
    return upgrade


def stop(upgrade: ModelUpgrade) -> bool:
    """Stop it, and the songs in work for which nobody asked; False where it did not run."""
    with transaction.atomic():
        changed = ModelUpgrade.objects.filter(pk=upgrade.pk, state=State.RUNNING).update(
            state=State.STOPPED, finished_at=Now()
        )
        songs = Songs.of(upgrade)
        if changed and songs:
            cancelled = lifecycle.cancel_all(songs.in_work())
            ModelUpgrade.objects.filter(pk=upgrade.pk).update(remaining=F("remaining") + cancelled)
    return bool(changed)


def resume(upgrade: ModelUpgrade) -> None:
    """Go on with one that was stopped; what failed is tried again.

    Raises ``CatalogError``: ``busy``, ``not_stopped``.
    """
    try:
        with transaction.atomic():
            changed = ModelUpgrade.objects.filter(pk=upgrade.pk, state=State.STOPPED).update(
                state=State.RUNNING, started_at=Now(), finished_at=None
            )
    except IntegrityError as error:
        raise _busy() from error
    if not changed:
        raise CatalogError("not_stopped", _("It was not stopped."), status=409)
    queue_next()


def current() -> ModelUpgrade | None:
    """Return the one that runs, else the last one."""
    running = ModelUpgrade.objects.filter(state=State.RUNNING).first()
    return running or ModelUpgrade.objects.first()


def queue_next() -> None:
    """Put songs of the running upgrade into the queue, as many as there are workers, or end it where none is left."""
    upgrade = ModelUpgrade.objects.filter(state=State.RUNNING).first()
    songs = Songs.of(upgrade) if upgrade else None
    if upgrade is None or songs is None or not model_files.is_available(songs.target, settings.MODELS_DIR):
        return
    while (in_work := songs.in_work().count()) < settings.WORKERS:
        song = songs.next() if upgrade.remaining != 0 else None
        if song is None:
            if not in_work and (upgrade.remaining == 0 or not songs.left().exists()):
                _finish(upgrade)
            return
        if not _begin(upgrade, songs, song):
            return
        upgrade.refresh_from_db()


def show_better(separation: Separation) -> None:
    """Have the songs of a running upgrade show ``separation``, which has succeeded. Call it in the same transaction."""
    for upgrade in ModelUpgrade.objects.filter(state=State.RUNNING, target_model=separation.model):
        songs = Songs.of(upgrade)
        for song in songs.left_of(separation) if songs else ():
            show(separation, song.track)


def has_room(songs: Songs, song: TrackSeparation) -> bool:
    """Whether the disk has room for the stems of ``song`` at their largest, and for uploads afterwards."""
    needed = 4 * song.track.audio.frames * len(songs.target.stems)
    return bool(shutil.disk_usage(settings.WORK_DIR).free > needed + settings.DISK_FLOOR_BYTES)


def _begin(upgrade: ModelUpgrade, songs: Songs, song: TrackSeparation) -> bool:
    """Queue ``song``, or show what is there already; False where that cannot be now."""
    target, mixture = songs.target, song.track.audio_id
    with transaction.atomic():
        # Locked until the commit, so that it is not stopped meanwhile.
        running = ModelUpgrade.objects.filter(pk=upgrade.pk, state=State.RUNNING).exclude(remaining=0)
        if running.select_for_update().first() is None:
            return False
        made = Separation.objects.filter(mixture=mixture, model=target.slug, revision=target.revision)
        ready = made.filter(status=Status.SUCCEEDED).first()
        if ready:
            show(ready, song.track)
            return True
        if not has_room(songs, song):
            return False
        row, _created = Separation.objects.get_or_create(
            mixture_id=mixture, model=target.slug, revision=target.revision
        )
        if not lifecycle.queue(row):
            return False
        running.update(remaining=F("remaining") - 1)
    return True


def _finish(upgrade: ModelUpgrade) -> None:
    changed = ModelUpgrade.objects.filter(pk=upgrade.pk, state=State.RUNNING).update(
        state=State.DONE, finished_at=Now()
    )
    if changed:
        log.info("upgrade %s: done", upgrade)


def _busy() -> CatalogError:
    return CatalogError("busy", _("Songs are being separated again already. Stop that first."), status=409)
