"""What an upgrade will take, and how far it is, for the page of models and the command."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.storage import backend
from separation.display_names import duration
from separation.engines import model_files
from separation.engines.descriptors import ModelSpec
from separation.models import ModelUpgrade, Separation, Status
from separation.queue.speed import measured_seconds
from separation.upgrades import lifecycle
from separation.upgrades.songs import Songs

REMEMBER_SECONDS = 5.0
PATIENCE = 30.0
"""Figures are remembered for so many times as long as it took to count them."""

State = ModelUpgrade.State


@dataclass(frozen=True)
class Figures:
    """Numbers of songs, and the music of those that are left, in seconds."""

    songs: int
    done: int
    failed: int
    left: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """What songs of the model ``source`` would take with a better one, before it begins."""

    source: str
    target: ModelSpec
    songs: int
    time: str
    storage: str
    is_too_much: bool
    """Whether the disk has no room for all of it."""


@dataclass(frozen=True)
class Progress:
    """How far an upgrade is, in words."""

    upgrade: ModelUpgrade
    sentence: str
    figures: Figures | None
    """None where the model is no longer known."""

    @property
    def percent(self) -> int:
        if self.figures is None or not self.figures.songs:
            return 100
        return 100 * (self.figures.songs - self.figures.left) // self.figures.songs

    @property
    def is_running(self) -> bool:
        return self.upgrade.state == State.RUNNING

    @property
    def is_stopped(self) -> bool:
        return self.upgrade.state == State.STOPPED


def sources(target: ModelSpec) -> list[str]:
    """Return the models whose songs could be separated with ``target`` instead, those with most songs first."""
    rows = Separation.objects.filter(status=Status.SUCCEEDED).order_by().values_list("model", flat=True)
    numbers = {slug: Songs(slug, target).left().count() for slug in rows.distinct()}
    parts = set(target.stems)
    found = [slug for slug, number in numbers.items() if number and lifecycle.parts_of(slug) <= parts]
    return sorted(found, key=lambda slug: (-numbers[slug], slug))


def plan(source: str, target: ModelSpec, *, limit: int | None = None) -> Plan:
    """Estimate time and storage. Raises ``CatalogError`` as ``lifecycle.check`` does."""
    lifecycle.check(source, target)
    songs = Songs(source, target)
    figures = _count(songs, limit)
    of_all = songs.left().count()
    size = songs.bytes_of_stems() * figures.left // of_all if of_all else 0
    free = shutil.disk_usage(settings.WORK_DIR).free - settings.DISK_FLOOR_BYTES
    too_much = backend.is_local() and size > free
    if too_much:
        storage = _("About %(size)s more storage. The disk has room for %(free)s.")
    else:
        storage = _("About %(size)s more storage.")
    values = {"size": filesizeformat(size), "free": filesizeformat(max(free, 0))}
    return Plan(source, target, figures.left, _time(target, figures.seconds), storage % values, too_much)


def progress(upgrade: ModelUpgrade) -> Progress:
    """Read how far ``upgrade`` is."""
    songs = Songs.of(upgrade)
    if songs is None:
        return Progress(upgrade, _("The model of this upgrade is no longer known."), None)
    figures = _remembered(upgrade, songs)
    numbers = {"done": _number(figures.done), "songs": _number(figures.songs), "left": _number(figures.left)}
    words = [_("Songs with the better parts: %(done)s of %(songs)s. Left: %(left)s.") % numbers]
    if figures.failed:
        sentence = ngettext(
            "%(n)s song could not be separated.", "%(n)s songs could not be separated.", figures.failed
        )
        words.append(sentence % {"n": _number(figures.failed)})
    words.append(_what_happens(upgrade, songs, figures))
    return Progress(upgrade, " ".join(filter(None, words)), figures)


def _what_happens(upgrade: ModelUpgrade, songs: Songs, figures: Figures) -> str:
    if upgrade.state == State.STOPPED:
        return _("Stopped.")
    if upgrade.state == State.DONE:
        return _("Done.")
    if not model_files.is_available(songs.target, settings.MODELS_DIR):
        return _("It waits: the model is not installed.")
    following = songs.next() if upgrade.remaining != 0 else None
    if following and not lifecycle.has_room(songs, following):
        return _("It waits: the disk has no room.")
    return _time(songs.target, figures.seconds)


def _remembered(upgrade: ModelUpgrade, songs: Songs) -> Figures:
    """Count, unless that was done a moment ago: of a hundred thousand songs it takes a second."""
    key = f"upgrade-{upgrade.pk}-{upgrade.state}-{upgrade.started_at.timestamp()}"
    known: Mapping[str, float] | None = cache.get(key)
    if known is not None:
        return Figures(**known)  # type: ignore[arg-type]
    started = time.monotonic()
    in_work = songs.in_work().count()
    limit = None if upgrade.remaining is None else upgrade.remaining + in_work
    figures = _count(songs, limit)
    cache.set(key, vars(figures), max(REMEMBER_SECONDS, PATIENCE * (time.monotonic() - started)))
    return figures


def _count(songs: Songs, limit: int | None) -> Figures:
    left = songs.left()
    number = left.count()
    seconds = left.aggregate(seconds=Sum("separation__mixture__duration"))["seconds"] or 0.0
    if limit is not None and limit < number:
        number, seconds = limit, seconds * limit / number
    done, failed = songs.done().count(), songs.failed().count()
    return Figures(done + failed + number, done, failed, number, seconds)


def _time(target: ModelSpec, seconds: float) -> str:
    """Say how long so many seconds of music take, by what this server took, else by the descriptor."""
    if not seconds:
        return ""
    per_minute = measured_seconds(target.slug)
    if per_minute is not None:
        needed = duration(seconds / 60 * per_minute / settings.WORKERS)
        return _("About %(time)s of work, while nobody waits for a song.") % {"time": needed}
    if target.cost is None:
        return _("How long it takes is known when the first song is done.")
    cores = settings.WORKERS * settings.SEPARATOR_THREADS
    needed = duration(seconds / 180 * target.cost.cpu_seconds / cores)
    return _("About %(time)s of work by a figure from another machine, while nobody waits for a song.") % {
        "time": needed
    }


def _number(number: int) -> str:
    return number_format(number, 0, force_grouping=True)
