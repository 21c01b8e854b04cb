"""The statistics page."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from catalog.genres import is_name, slug_of
from separation.display_names import describe_slug, stem_label
from separation.feedback.ratings import MOST
from separation.feedback.statistics import current

Row = dict[str, Any]

GENRES_SHOWN = 20


@require_safe
@gzip_page
def statistics(request: HttpRequest) -> HttpResponse:
    """Show the statistics of the library with bars, to everybody."""
    row = current()
    figures = row.figures
    context = {
        "measured_at": row.measured_at,
        "totals": figures["totals"],
        "minutes": round(figures["totals"]["seconds"] / 60),
        "hours": round(figures["totals"]["seconds"] / 3600),
        "models": _models(figures["by_model"]),
        "genres": _genres(figures["by_genre"]),
        "months": _months(figures["by_month"]),
        "ratings": figures["ratings"],
        "scores": _scores(figures["ratings"]["scores"]),
    }
    return render(request, "separation/statistics.html", context)


def _models(rows: list[Row]) -> list[Row]:
    shares = _shares([row["separations"] for row in rows])
    return [
        {
            **row,
            "title": describe_slug(row["model"]).title,
            "share": share,
            "rating": _stars(row["rating"]),
            "stems": [
                {"label": str(stem_label(stem["name"])), **_stars(stem), "name": stem["name"]}
                for stem in row["stems"]
                if stem["count"]
            ],
        }
        for row, share in zip(rows, shares, strict=True)
    ]


def _genres(rows: list[Row]) -> list[Row]:
    shares = _shares([row["tracks"] for row in rows])
    return [
        {
            **row,
            "slug": slug_of(row["key"]) if is_name(row["key"]) else "",
            "share": share,
            "rating": _stars(row["rating"]),
        }
        for row, share in zip(rows[:GENRES_SHOWN], shares, strict=False)
    ]


def _months(rows: list[Row]) -> list[Row]:
    """Scale tracks and separations together."""
    shares = _shares([row["tracks"] for row in rows] + [row["separations"] for row in rows])
    scaled = []
    for index, row in enumerate(rows):
        first = date.fromisoformat(f"{row['month']}-01")
        scaled.append(
            {
                **row,
                "short": date_format(first, "M"),
                "long": date_format(first, "YEAR_MONTH_FORMAT"),
                "brought": shares[index],
                "parted": shares[len(rows) + index],
            }
        )
    return scaled


def _scores(counts: list[int]) -> list[Row]:
    """List the highest score first."""
    rows = [
        {"stars": stars, "count": count, "share": share}
        for stars, (count, share) in enumerate(zip(counts, _shares(counts), strict=True), start=1)
    ]
    return rows[::-1]


def _stars(rated: Row) -> Row:
    return {**rated, "share": round(100 * (rated["average"] or 0) / MOST)}


def _shares(counts: list[int]) -> list[int]:
    """Scale ``counts`` to percents of the largest, at least 1 % for anything above 0."""
    most = max(counts, default=0)
    return [max(round(100 * count / most), 1) if count else 0 for count in counts]
