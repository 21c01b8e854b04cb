"""By which models songs have been separated: what a search can be narrowed to."""

from collections import defaultdict
from collections.abc import Collection

from django.db import connection

from catalog.search.facets import tells_models
from separation.labels import describe_slug

# By hand: a search asks it of a hundred songs, of which nothing but the models' names is needed.
_DONE = """SELECT k.track_id{}, s.model
    FROM separation_trackseparation k JOIN separation_separation s ON s.id = k.separation_id
    JOIN catalog_track o ON o.id = k.track_id AND o.audio_id = s.mixture_id
    WHERE s.status = 'succeeded' AND k.stopped_at IS NULL AND k.track_id {}"""


def label(slug: str) -> str:
    """What comes out, and of several models with the same parts which one it is."""
    model = describe_slug(slug)
    return f"{model.title} ({slug})" if model.title != slug else slug


@tells_models(label)
def models_of(tracks: Collection[str]) -> dict[str, set[str]]:
    """For each of these tracks that shows a separation: by which models."""
    found: dict[str, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_DONE.format("::text", "= ANY(%s::uuid[])"), [list(tracks)])
        else:
            places = ", ".join(["%s"] * len(tracks))
            cursor.execute(_DONE.format("", f"IN ({places})"), list(tracks))
        for track, model in cursor.fetchall():
            found[track].add(model)
    return found
