"""Redirects from former addresses, with 301 for pages and API.

They are kept where artists get other slugs, and where artists, albums and tracks are merged. A merge may be undone,
so no answer may be cached without asking again.
"""

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Artist, FormerAddress

Kind = FormerAddress.Kind

_LONGEST: Final = 80


def find_target(kind: str, old: str | UUID) -> UUID | None:
    """Return the id of what is now where ``old`` was: an artist's slug, or the id of an artist, album or track.

    Call it only when nothing lives at ``old``, and redirect only those who may see the target.
    """
    text = str(old)
    if "\0" in text or len(text) > _LONGEST:  # the one no database takes, the other none of ours has
        return None
    found = FormerAddress.objects.filter(kind=kind, old=text)
    return found.values_list("target", flat=True).first()


def redirect_or_404(request: HttpRequest, kind: str, old: str | UUID, rows: QuerySet[Any]) -> HttpResponse:
    """Answer 301 to the page of what is now where ``old`` was, if it is among ``rows``, with the query; else 404."""
    target = find_target(kind, old)
    row = rows.filter(pk=target).first() if target else None
    if row is None:
        raise Http404
    address = reverse(kind, args=[row.slug if kind == Kind.ARTIST else row.pk])
    response = HttpResponsePermanentRedirect(_with_query(address, request))
    response["Cache-Control"] = "no-cache"
    return response


class RedirectMixin:
    """For API views of one row, before the generic view: GET of a former id answers 301 with ``Location``.

    Only for those who may see the target; other methods answer 404, as they would change another row.
    """

    redirect_kind: str

    def handle_exception(self, exc: Exception) -> Response:
        view: Any = self
        if isinstance(exc, Http404) and view.request.method in {"GET", "HEAD"}:
            target = find_target(self.redirect_kind, view.kwargs["pk"])
            if target is not None and view.get_queryset().filter(pk=target).exists():
                return self._redirect(view.request, view.kwargs["pk"], target)
        response: Response = super().handle_exception(exc)  # type: ignore[misc]  # the generic view's
        return response

    def _redirect(self, request: Request, old: str, target: UUID) -> Response:
        before, _old, after = request.path.rpartition(old)
        address = request.build_absolute_uri(_with_query(f"{before}{target}{after}", request))
        return Response(status=301, headers={"Location": address, "Cache-Control": "no-cache"})


def _with_query(address: str, request: HttpRequest | Request) -> str:
    query = request.META.get("QUERY_STRING", "")
    return f"{address}?{query}" if query else address


def add_redirect(kind: str, old: str | UUID, target: UUID) -> None:
    """Redirect ``old``, and everything that was redirected to it, to ``target``.

    Redirects from ``target`` to itself are deleted, so that an undone merge leaves no loop.
    """
    with transaction.atomic():
        FormerAddress.objects.update_or_create(kind=kind, old=str(old), defaults={"target": target})
        if (before := _as_id(old)) is not None:
            FormerAddress.objects.filter(kind=kind, target=before).update(target=target)
        own = Q(old=str(target))
        if kind == Kind.ARTIST:
            own |= Q(old__in=Artist.objects.filter(pk=target).values("slug"))
        FormerAddress.objects.filter(own, kind=kind).delete()


def _as_id(old: str | UUID) -> UUID | None:
    try:
        return UUID(str(old))
    except ValueError:
        return None
