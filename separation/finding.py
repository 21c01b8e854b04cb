"""By which models songs have been separated: what a search can be narrowed to."""

from collections import defaultdict
from collections.abc import Collection

from django.db import connection

from catalog.search.facets import tells_models
from separation.labels import describe_slug

# By hand: a search asks it of a hundred songs, of which nothing but the models' names is needed.
_DONE = "SELECT mixture_id{}, model FROM separation_separation WHERE status = 'succeeded' AND mixture_id {}"


def label(slug: str) -> str:
    """What comes out, and of several models with the same parts which one it is."""
    model = describe_slug(slug)
    return f"{model.title} ({slug})" if model.title != slug else slug


@tells_models(label)
def models_of(mixtures: Collection[str]) -> dict[str, set[str]]:
    """For each of these mixtures that was separated: by which models."""
    found: dict[str, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_DONE.format("::text", "= ANY(%s::uuid[])"), [list(mixtures)])
        else:
            places = ", ".join(["%s"] * len(mixtures))
            cursor.execute(_DONE.format("", f"IN ({places})"), list(mixtures))
        for mixture, model in cursor.fetchall():
            found[mixture].add(model)
    return found
