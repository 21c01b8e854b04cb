"""How many queries of the table find their song, and how long they take: ``python -m benchmarks search``."""

import time
from pathlib import Path

HEADS = ["class of queries", "queries", "on the first page", "ms p50", "p95"]
Row = list[str]


def measured(tracks: int, cache: Path) -> list[Row]:
    """A row for each class, and one for all; the songs are put among ``tracks`` made-up ones."""
    from benchmarks.catalogue import pages  # noqa: PLC0415  # imports what is Django's when it is told where

    pages.prepared(tracks, cache)
    from django.db import transaction  # noqa: PLC0415

    from benchmarks.search import table  # noqa: PLC0415
    from catalog.models import AudioFile  # noqa: PLC0415

    if not AudioFile.objects.filter(key__startswith=table.STORED_IN).exists():
        with transaction.atomic():
            table.fill(table.songs())
    taken: dict[str, list[float]] = {}

    def timed(typed: str) -> list[tuple[str, str]]:
        started = time.perf_counter()
        page = table.first_page(typed)
        taken[typed] = [*taken.get(typed, []), 1e3 * (time.perf_counter() - started)]
        return page

    table.missed(timed)  # once for caches
    taken.clear()
    found = table.missed(timed)
    kinds: dict[str, list[float]] = {}
    for query in table.queries():
        kinds.setdefault(query.kind, []).append(taken[query.typed][0])
    rows = [_row(kind, asked, wrong, kinds[kind]) for kind, (asked, wrong) in found.items()]
    every = [ms for times in kinds.values() for ms in times]
    missed = [query for _asked, wrong in found.values() for query in wrong]
    return [*rows, _row("all", len(every), missed, every)]


def _row(kind: str, asked: int, wrong: list[str], times: list[float]) -> Row:
    ordered = sorted(times)
    share = f"{(asked - len(wrong)) / asked:.1%}"
    return [
        kind,
        str(asked),
        share,
        f"{ordered[len(ordered) // 2]:.0f}",
        f"{ordered[int(0.95 * len(ordered))]:.0f}",
    ]
