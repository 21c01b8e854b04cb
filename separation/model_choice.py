"""Which model to prefer: what an administrator chose for a number of parts of a song, or for the parts of a stem, else
the order of the descriptors.

Pages, API, commands and imports ask here; only `separation/engines` itself, which knows no database, uses the order
of the descriptors alone.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from django.conf import settings
from django.db import transaction

from separation.engines import modelspec
from separation.engines.descriptors import ModelSpec, ModelUnavailable
from separation.models import ModelSettings

Chosen: TypeAlias = Mapping[str, str]
"""The slug of the preferred model by ``group``, where an administrator chose one."""


def group(spec: ModelSpec) -> str:
    """Return what the models have in common of which one is preferred: the stem that they take, else their number of
    parts."""
    return spec.takes or str(len(spec.stems))


def chosen() -> Chosen:
    """Read what administrators chose."""
    rows = ModelSettings.objects.values_list("defaults", flat=True)
    return {name: slug for defaults in rows for name, slug in defaults.items()}


def choose(spec: ModelSpec) -> None:
    """Prefer ``spec`` to all models of the same ``group`` from now on."""
    with transaction.atomic():
        ModelSettings.objects.get_or_create(pk=1)
        row = ModelSettings.objects.select_for_update().get(pk=1)
        row.defaults = {**row.defaults, group(spec): spec.slug}
        row.save(update_fields=["defaults"])


def in_order(specs: Iterable[ModelSpec], preferred: Chosen | None = None) -> list[ModelSpec]:
    """Sort ``specs``: those for songs by the number of parts, then those for each stem; the preferred of each first."""
    first = chosen() if preferred is None else preferred

    def place(spec: ModelSpec) -> tuple[str, int, bool]:
        parts = 0 if spec.takes else len(spec.stems)
        return spec.takes, parts, first.get(group(spec)) != spec.slug

    return sorted(specs, key=place)


def available(preferred: Chosen | None = None, takes: str = "") -> list[ModelSpec]:
    """Return every installed model that separates whole songs, or the stem called ``takes``, see ``in_order``."""
    return in_order(modelspec.available(settings.MODELS_DIR, takes), preferred)


def best_for(parts: int, preferred: Chosen | None = None) -> ModelSpec:
    """Return the preferred installed model for songs with so many parts.

    Raises ``ModelUnavailable`` if there is none.
    """
    for spec in available(preferred):
        if len(spec.stems) == parts:
            return spec
    raise ModelUnavailable(f"no model with {parts} stems is installed")


def default(preferred: Chosen | None = None) -> ModelSpec:
    """Return the model used when none was chosen: the preferred installed one with two parts."""
    return best_for(2, preferred)
