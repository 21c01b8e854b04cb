"""Which track shows which separation, for what was there before.

A shared track goes on showing all that was made of its audio. A private one shows what was requested through it, and
the rest only where nobody else has the same audio: there it was its owner's own.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import migrations
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

BATCH = 2_000


def fill(apps: Any, _editor: Any) -> None:
    shown = apps.get_model("separation", "TrackSeparation")
    shown._meta.get_field("created_at").auto_now_add = False
    pairs = _pairs(apps)
    while rows := list(islice(pairs, BATCH)):
        shown.objects.bulk_create(
            shown(track_id=track, separation_id=separation, created_at=created)
            for track, separation, created in rows
        )
    _fill_ratings(apps)


def _pairs(apps: Any) -> Iterator[tuple[Any, Any, Any]]:
    track, requests = apps.get_model("catalog", "Track"), apps.get_model("separation", "SeparationRequest")
    separation = apps.get_model("separation", "Separation")
    same = track.objects.filter(audio=OuterRef("mixture__tracks__audio"))
    request = requests.objects.filter(separation=OuterRef("pk"), track=OuterRef("mixture__tracks"))
    rows = separation.objects.filter(mixture__tracks__isnull=False).annotate(
        requested=Subquery(request.order_by("created_at").values("created_at")[:1]),
        others=Exists(same.exclude(pk=OuterRef("mixture__tracks"))),
    )
    rows = rows.filter(Q(mixture__tracks__visibility="shared") | Q(requested__isnull=False) | Q(others=False))
    moment = Coalesce("requested", F("mixture__tracks__created_at"))
    yield from rows.order_by().values_list("mixture__tracks", "pk", moment).iterator(chunk_size=BATCH)


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
