"""Old addresses: whoever comes by one is sent on to where the thing is now."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse

from catalog.redirects import Kind, moved


def forward(request: HttpRequest, kind: str, old: str | UUID, seen: "QuerySet[Any]") -> HttpResponse:
    """301 to what is now where ``old`` was, if it is among ``seen``, with the query as it came; else 404.

    It is asked for again each time: a merge may be undone.
    """
    target = moved(kind, old)
    row = seen.filter(pk=target).first() if target else None
    if row is None:
        raise Http404
    address = reverse(kind, args=[row.slug if kind == Kind.ARTIST else row.pk])
    query = request.META.get("QUERY_STRING", "")
    answer = HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)
    answer["Cache-Control"] = "no-cache"
    return answer
