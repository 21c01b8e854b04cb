"""The front page: find a song."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from catalog.pagination import SONGS_PER_PAGE
from catalog.search.facets import Filters, model_label
from catalog.search.index import MAX_HITS
from catalog.search.query import MAX_LENGTH
from catalog.search.service import Found, find
from catalog.selectors import add_details
from catalog.web.track_lists import front_page_sections

WHILE_TYPING = 100  # songs that are ranked: fewer, for a sooner answer


@require_safe
@gzip_page
def home(request: HttpRequest) -> HttpResponse:
    """Show the search, or what is new and played. ``?fragment=results``: the list alone, while somebody types.

    ``?narrow=1``: with what the list can be narrowed by, which is counted only for who wants to see it.
    """
    words = request.GET.get("q", "").strip()[:MAX_LENGTH]
    filters = Filters.of(request.GET)
    fragment = request.GET.get("fragment") == "results"
    context: dict[str, Any] = {"q": words}
    if words or filters:
        context |= _results(request, words, filters)
    else:
        context["sections"] = front_page_sections(request.user)
    return render(request, "catalog/results.html" if fragment else "catalog/home.html", context)


def _results(request: HttpRequest, words: str, filters: Filters) -> dict[str, Any]:
    narrow = "narrow" in request.GET
    most = WHILE_TYPING if request.GET.get("fragment") and not narrow else MAX_HITS
    found = find(words, request.user, filters, most=most, hints=True)
    pages = Paginator(found.songs(), SONGS_PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    add_details(list(page), request.user)
    names = page.number == 1 and not filters
    return {
        "found": found,
        "filters": filters,
        "page": page,
        "artists": found.artists() if names else [],
        "albums": found.albums() if names else [],
        "taken": _active_filters(words, filters),
        "narrow": narrow,
        "offered": _facets(words, filters, found) if narrow else [],
        "suggestion": _address(found.suggested, filters) if found.suggested else "",
        "wish": _wish(words),
    }


def _address(words: str, filters: Filters, *, home: str = "", **changes: str) -> str:
    chosen = {"q": words, "model": filters.model, "genre": filters.genre, "decade": str(filters.decade or "")}
    kept = {name: value for name, value in (chosen | changes).items() if value}
    return f"{home or reverse('home')}?{urlencode(kept)}"


def _active_filters(words: str, filters: Filters) -> list[dict[str, str]]:
    """List the filters that are on, each with the address of the list without it."""
    labels = {
        "model": model_label(filters.model) if filters.model else "",
        "genre": filters.genre,
        "decade": f"{filters.decade}–{filters.decade + 9}" if filters.decade is not None else "",  # noqa: RUF001
    }
    return [
        {"label": label, "address": _address(words, filters, **{name: ""})}
        for name, label in labels.items()
        if label
    ]


def _facets(words: str, filters: Filters, found: Found) -> list[dict[str, Any]]:
    """List the facets by which the list can still be narrowed, each choice with its address."""
    facets = {"model": found.facets.models, "genre": found.facets.genres, "decade": found.facets.decades}
    offered, home = [], reverse("home")
    for name, choices in facets.items():
        useful = len(choices) > 1 or any(choice.count != len(found.hits) for choice in choices)
        if useful and not getattr(filters, name):
            rows = [
                {"choice": choice, "address": _address(words, filters, home=home, **{name: choice.value})}
                for choice in choices
            ]
            offered.append({"name": name, "choices": rows})
    return offered


def _wish(words: str) -> str:
    """Return where to wish for what was not found, where this library takes wishes."""
    try:
        return f"{reverse('wish-new')}?{urlencode({'q': words})}"
    except NoReverseMatch:
        return ""
