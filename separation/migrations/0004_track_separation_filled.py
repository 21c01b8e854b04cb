"""Which track shows which separation, for what was there before.

A shared track goes on showing all that was made of its audio. A private one shows what was requested through it, and
the rest only where nobody else has the same audio: there it was its owner's own.
"""

from itertools import islice
from typing import Any

from django.db import migrations
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

BATCH = 2_000


def fill(apps: Any, _editor: Any) -> None:
    shown = apps.get_model("separation", "TrackSeparation")
    shown._meta.get_field("created_at").auto_now_add = False
    requests = apps.get_model("separation", "SeparationRequest").objects
    tracks = apps.get_model("catalog", "Track").objects
    several = tracks.order_by().values("audio").annotate(n=Count("pk")).filter(n__gt=1)
    several = set(several.values_list("audio", flat=True))
    pairs = tracks.filter(audio__separations__isnull=False).order_by()
    pairs = pairs.values_list("pk", "audio", "visibility", "created_at", "audio__separations")
    rows = pairs.iterator(chunk_size=BATCH)
    while batch := list(islice(rows, BATCH)):
        asked = requests.filter(separation__in={separation for *_track, separation in batch})
        moments = {row[:2]: row[2] for row in asked.values_list("track", "separation", "created_at")}
        shown.objects.bulk_create(
            shown(
                track_id=track,
                separation_id=separation,
                created_at=moments.get((track, separation), created),
            )
            for track, audio, visibility, created, separation in batch
            if visibility == "shared" or audio not in several or (track, separation) in moments
        )
    _fill_ratings(apps)


def _fill_ratings(apps: Any) -> None:
    track, rating = apps.get_model("catalog", "Track"), apps.get_model("separation", "Rating")
    seen = track.objects.filter(audio=OuterRef("separation__mixture"))
    own = seen.filter(visibility="private", owner=OuterRef("user")).values("pk")[:1]
    shared = seen.filter(visibility="shared").values("pk")[:1]
    merged = track.objects.filter(visibility="shared", uploads__audio=OuterRef("separation__mixture"))
    found = Coalesce(Subquery(own), Subquery(shared), Subquery(merged.values("pk")[:1]))
    for pk, through in list(rating.objects.annotate(found=found).values_list("pk", "found")):
        rating.objects.filter(pk=pk).update(track=through)


class Migration(migrations.Migration):
    dependencies = [("separation", "0003_track_separation")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
