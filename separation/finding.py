"""By which models songs have been separated: what a search can be narrowed to."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from catalog.search.facets import tells_models
from separation.labels import describe_slug
from separation.models import Separation, Status


def label(slug: str) -> str:
    """What comes out, and of several models with the same parts which one it is."""
    model = describe_slug(slug)
    return f"{model.title} ({slug})" if model.title != slug else slug


@tells_models(label)
def models_of(mixtures: Collection[UUID]) -> dict[UUID, set[str]]:
    """For each of these mixtures that was separated: by which models."""
    found: dict[UUID, set[str]] = defaultdict(set)
    rows = Separation.objects.filter(mixture__in=mixtures, status=Status.SUCCEEDED).order_by()
    for mixture, model in rows.values_list("mixture", "model"):
        found[mixture].add(model)
    return found
