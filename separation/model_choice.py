"""Which model to prefer: what an administrator chose for a number of parts, else the order of the descriptors.

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

Chosen: TypeAlias = Mapping[int, str]
"""The slug of the preferred model by number of parts, where an administrator chose one."""


def chosen() -> Chosen:
    """Read what administrators chose."""
    rows = ModelSettings.objects.values_list("defaults", flat=True)
    return {int(parts): slug for defaults in rows for parts, slug in defaults.items()}


def choose(spec: ModelSpec) -> None:
    """Prefer ``spec`` to all models with the same number of parts from now on."""
    with transaction.atomic():
        ModelSettings.objects.get_or_create(pk=1)
        row = ModelSettings.objects.select_for_update().get(pk=1)
        row.defaults = {**row.defaults, str(len(spec.stems)): spec.slug}
        row.save(update_fields=["defaults"])


def in_order(specs: Iterable[ModelSpec], preferred: Chosen | None = None) -> list[ModelSpec]:
    """Sort ``specs`` by the number of parts, the preferred one of each number first."""
    first = chosen() if preferred is None else preferred
    return sorted(specs, key=lambda spec: (len(spec.stems), first.get(len(spec.stems)) != spec.slug))


def available(preferred: Chosen | None = None) -> list[ModelSpec]:
    """Return every installed model, see ``in_order``."""
    return in_order(modelspec.available(settings.MODELS_DIR), preferred)


def best_for(parts: int, preferred: Chosen | None = None) -> ModelSpec:
    """Return the preferred installed model with so many parts. Raises ``ModelUnavailable`` if there is none."""
    for spec in available(preferred):
        if len(spec.stems) == parts:
            return spec
    raise ModelUnavailable(f"no model with {parts} stems is installed")


def default(preferred: Chosen | None = None) -> ModelSpec:
    """Return the model used when none was chosen: the preferred installed one with two parts."""
    return best_for(2, preferred)
