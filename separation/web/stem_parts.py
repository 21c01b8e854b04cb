"""What the player offers of a stem: the parts that it was separated into, how far that is, and who can do it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import prefetch_related_objects

from accounts.models import User
from catalog.models import Track
from separation import model_choice
from separation.delivery.permissions import VisibleSeparation, shown_under
from separation.display_names import ModelChoice, describe
from separation.engines import modelspec
from separation.error_messages import explain
from separation.models import Separation, Status, Stem

_BY_USEFULNESS = [Status.SUCCEEDED, Status.RUNNING, Status.QUEUED, Status.FAILED]


@dataclass(frozen=True)
class StemParts:
    """``separation`` is the best one of a stem, None where there is none; its ``stems`` are the parts, once it has
    succeeded. ``offers`` are the models that could make one."""

    separation: Separation | None = None
    stems: list[Stem] = field(default_factory=list)
    offers: list[ModelChoice] = field(default_factory=list)

    @property
    def is_in_progress(self) -> bool:
        return self.separation is not None and not self.separation.is_finished

    @property
    def reason(self) -> str:
        """Say why it failed; empty where it did not."""
        return explain(self.separation) if self.separation else ""


def parts_of(stems: Sequence[Stem], track: Track, user: User | AnonymousUser) -> dict[UUID, StemParts]:
    """Return for each of ``stems``, which ``track`` shows, by its id what became of it or can become of it."""
    best: dict[UUID, Separation] = {}
    rows = shown_under(stems, track)
    shown = [VisibleSeparation.through(track, row.separation, row).separation for row in rows]
    for row in sorted(shown, key=_preference):
        if row.status != Status.CANCELLED:
            best.setdefault(row.mixture_id, row)
    prefetch_related_objects(list(best.values()), "stems__audio")
    offers = {} if user.is_anonymous else _offers(stems)
    found = {}
    for stem in stems:
        separation = best.get(stem.audio_id)
        is_made = separation is not None and separation.status == Status.SUCCEEDED
        is_needed = bool(stem.audio.peak) and (separation is None or separation.status == Status.FAILED)
        found[stem.pk] = StemParts(
            separation,
            sorted(separation.stems.all(), key=lambda part: part.position) if separation and is_made else [],
            offers.get(stem.name, []) if is_needed else [],
        )
    return found


def with_stem_of(pk: str, track: Track, separations: Sequence[Separation]) -> str:
    """Return the id of the one of ``separations`` whose stem the separation ``pk`` was made of, else ``pk``."""
    stems = [stem for separation in separations for stem in separation.stems.all()]
    if pk and pk not in {str(separation.pk) for separation in separations}:
        mixtures = {str(row.separation_id): row.separation.mixture_id for row in shown_under(stems, track)}
        pk = next((str(stem.separation_id) for stem in stems if stem.audio_id == mixtures.get(pk)), pk)
    return pk


def _offers(stems: Sequence[Stem]) -> Mapping[str, list[ModelChoice]]:
    """List the installed models that take one of ``stems``, by its name."""
    taken = {spec.takes for spec in modelspec.installed(settings.MODELS_DIR)}
    names = {stem.name for stem in stems} & taken
    return {name: [describe(spec) for spec in model_choice.available(takes=name)] for name in names}


def _preference(separation: Separation) -> tuple[int, float]:
    """Sort what is ready first, then the newest."""
    place = len(_BY_USEFULNESS)
    if separation.status in _BY_USEFULNESS:
        place = _BY_USEFULNESS.index(Status(separation.status))
    return place, -separation.created_at.timestamp()
