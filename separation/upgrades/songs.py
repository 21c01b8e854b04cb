"""Which songs an upgrade is about, told by what they show: none is processed that has the better stems already."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from separation.engines.descriptors import ModelSpec
from separation.engines.modelspec import SPECS
from separation.models import ModelUpgrade, Separation, SeparationQuerySet, Status, Stem, TrackSeparation


@dataclass(frozen=True)
class Songs:
    """Songs that show stems of the model ``source``; those of ``target`` are made for them.

    What failed after ``since`` is not tried again; None: all is. A song is a ``TrackSeparation`` with the stems of
    ``source``: two people who keep the same audio for themselves are two songs, for which the work is done once.
    """

    source: str
    target: ModelSpec
    since: datetime | None = None

    @classmethod
    def of(cls, upgrade: ModelUpgrade) -> Self | None:
        """Return the songs of ``upgrade``; None where its model is no longer known."""
        target = SPECS.get(upgrade.target_model)
        return cls(upgrade.source_model, target, upgrade.started_at) if target else None

    def all(self) -> QuerySet[TrackSeparation]:
        """Find all of them, done or not."""
        rows = TrackSeparation.objects.filter(
            separation__model=self.source,
            separation__status=Status.SUCCEEDED,
            stopped_at=None,
            track__audio=F("separation__mixture"),
        )
        # Of the same model only what is of another revision.
        return rows.exclude(separation__model=self.target.slug, separation__revision=self.target.revision)

    def done(self) -> QuerySet[TrackSeparation]:
        """Find those that show the better stems."""
        return self.all().filter(self._has_better())

    def failed(self) -> QuerySet[TrackSeparation]:
        """Find those that could not be separated."""
        return self.all().filter(~self._has_better(), self._failed()) if self.since else self.all().none()

    def left(self) -> QuerySet[TrackSeparation]:
        """Find those that have neither been done nor failed, which may be in work."""
        rows = self.all().filter(~self._has_better())
        return rows.filter(~self._failed()) if self.since else rows

    def next(self) -> TrackSeparation | None:
        """Return the most played one that is not in work."""
        unfinished = self._made().filter(status__in=[Status.QUEUED, Status.RUNNING])
        rows = self.left().filter(~Exists(unfinished)).select_related("track__audio")
        return rows.order_by("-track__plays", "track__created_at", "pk").first()

    def in_work(self) -> SeparationQuerySet:
        """Find what is queued or running with the better model, and nobody asked for."""
        rows = Separation.objects.unfinished().unrequested()
        return rows.filter(model=self.target.slug, revision=self.target.revision)

    def left_of(self, separation: Separation) -> QuerySet[TrackSeparation]:
        """Find those for which ``separation`` was made and that do not show it yet."""
        rows = self.all().filter(~self._has_better(), separation__mixture=separation.mixture_id)
        return rows.select_related("track")

    def bytes_of_stems(self) -> int:
        """Estimate what the better stems of what is left will take: as much as those at hand, for each part."""
        rows = Separation.objects.filter(pk__in=self.left().values("separation"))
        stems = Stem.objects.filter(separation__in=rows)
        size = stems.aggregate(size=Sum("audio__size"))["size"] or 0
        parts = stems.count() / (rows.count() or 1)
        return round(size * len(self.target.stems) / parts) if parts else 0

    def _has_better(self) -> Exists:
        better = TrackSeparation.objects.filter(
            track=OuterRef("track"),
            stopped_at=None,
            separation__mixture=OuterRef("separation__mixture"),
            separation__model=self.target.slug,
            separation__revision=self.target.revision,
            separation__status=Status.SUCCEEDED,
        )
        return Exists(better.order_by())

    def _failed(self) -> Exists:
        return Exists(self._made().filter(status=Status.FAILED, finished_at__gte=self.since).order_by())

    def _made(self) -> SeparationQuerySet:
        mixture = OuterRef("separation__mixture")
        return Separation.objects.filter(
            mixture=mixture, model=self.target.slug, revision=self.target.revision
        )
