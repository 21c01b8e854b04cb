"""Pages where curators merge and split artists, albums and tracks."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.current_user import account
from accounts.security.pending_action import login_required
from audio.tags.cleaning import clean_text
from catalog.curation import splitting
from catalog.curation.fields import Named, visible_rows
from catalog.curation.merging import merge
from catalog.errors import CatalogError
from catalog.models import Album, Artist, Track, Visibility
from catalog.search.index import found_in_index
from catalog.web.addresses import address_of, get_row_or_404

CANDIDATES = 12
SONGS_TO_SPLIT = 500


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def merge_row(request: HttpRequest, kind: str, key: str | UUID) -> HttpResponse:
    """Find what this one is the same as (``?q=``), look at both (``?into=``), and make one of them."""
    row = _shared(request, kind, key)
    into = _other(request, kind, row, request.POST.get("into") or request.GET.get("into") or "")
    if request.method == "POST" and into is not None:
        try:
            merge(row, into, account(request))
        except CatalogError as error:
            messages.error(request, str(error.detail))
            return redirect(address_of(row) if error.code != "gone" else address_of(into))
        messages.success(request, _("Merged. It can be undone from the history."))
        return redirect(address_of(into))
    words = request.GET.get("q", "").strip()[:200]
    context = {
        "kind": kind,
        "row": row,
        "into": into,
        "q": words,
        "others": [] if into else _candidates(request, kind, row, words),
        "back": address_of(row),
        "turned": f"{address_of(into, 'merge')}?into={row.pk}" if into else "",
    }
    return render(request, "catalog/merge.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def split_row(request: HttpRequest, kind: str, key: str | UUID) -> HttpResponse:
    """Choose the songs that belong to another artist or album, or the recording that is another song."""
    row = _shared(request, kind, key)
    if isinstance(row, Track):
        return _split_track(request, row)
    name = clean_text(request.POST.get("name", "")) or ""
    context: dict[str, Any] = {"kind": kind, "row": row, "back": address_of(row), "name": name}
    if request.method == "POST":
        try:
            other = splitting.split(row, _ids(request.POST.getlist("tracks")), name, account(request))
        except CatalogError as error:
            context["error"] = str(error.detail)
        else:
            messages.success(request, _("Done. It can be undone from the history."))
            return redirect(address_of(other))
    order = ("disc_number", "track_number", "title_key", "pk")
    songs = splitting.songs_of(row).with_names().order_by(*order)  # type: ignore[attr-defined]
    context["tracks"] = songs[:SONGS_TO_SPLIT]
    context["chosen"] = request.POST.getlist("tracks")
    return render(request, "catalog/split.html", context)


def _split_track(request: HttpRequest, track: Track) -> HttpResponse:
    recordings = splitting.recordings(track)
    if request.method == "POST":
        audio = get_object_or_404(recordings, pk__in=_ids([request.POST.get("audio", "")]))
        try:
            new_track = splitting.split_track(track, audio, account(request))
        except CatalogError as error:
            messages.error(request, str(error.detail))
            return redirect("track", track.pk)
        messages.success(request, _("Done. It can be undone from the history."))
        return redirect("track", new_track.pk)
    context = {"kind": "track", "row": track, "back": address_of(track), "recordings": recordings}
    return render(request, "catalog/split.html", context)


def _shared(request: HttpRequest, kind: str, key: str | UUID) -> Named:
    row = get_row_or_404(kind, key, request.user)
    if not request.user.has_perm(f"catalog.change_{kind}"):
        raise PermissionDenied
    if isinstance(row, Track) and row.visibility != Visibility.SHARED:
        raise PermissionDenied
    return row


def _other(request: HttpRequest, kind: str, row: Named, key: str) -> Named | None:
    """Find what ``?into=`` names, unless it is the same row."""
    rows = visible_rows(kind, request.user).filter(pk__in=_ids([key])).exclude(pk=row.pk)
    other: Named | None = (rows.filter(visibility=Visibility.SHARED) if kind == "track" else rows).first()
    return other


def _candidates(request: HttpRequest, kind: str, row: Named, words: str) -> list[Named]:
    """Find rows by words; without any, those that are likely to be the same."""
    rows: Any = visible_rows(kind, request.user)
    if kind == "track":
        rows = rows.filter(visibility=Visibility.SHARED)
    if words:
        found = found_in_index(rows, kind, words)[: CANDIDATES + 1]
        return [other for other in found if other.pk != row.pk][:CANDIDATES]
    match row:
        case Track():
            rows = rows.filter(artist=row.artist_id, title_key__startswith=row.title_key[:8])
        case Album():
            rows = rows.filter(artist=row.artist_id).order_by("key")
        case Artist():
            beginning = row.key.split(" ")[0]
            rows = rows.filter(key__gte=beginning, key__lt=f"{beginning}\uffff").order_by("key")
    return list(rows.exclude(pk=row.pk)[:CANDIDATES])


def _ids(texts: Sequence[str]) -> list[UUID]:
    ids = []
    for text in texts:
        with suppress(ValueError):
            ids.append(UUID(text))
    return ids
