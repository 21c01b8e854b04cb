"""Pages with the history of a row and with recent changes, and undo."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from accounts.current_user import account
from accounts.models import User
from accounts.security.pending_action import login_required
from catalog.curation import history
from catalog.curation.fields import Named, lines
from catalog.curation.revert import MODELS, undo
from catalog.errors import CatalogError
from catalog.models import Change
from catalog.pagination import page_of
from catalog.web.addresses import address_of, get_row_or_404

CHANGES_PER_PAGE = 30


@dataclass(frozen=True)
class Entry:
    """A change with its text for people."""

    change: Change
    sentence: str
    lines: list[tuple[str, str, str]]
    may_undo: bool
    place: str = ""


@login_required
@require_safe
@gzip_page
def of_row(request: HttpRequest, kind: str, key: str | UUID) -> HttpResponse:
    """Show everything that was changed about one artist, album or track, the newest first."""
    row = get_row_or_404(kind, key, request.user)
    page = page_of(request, history.of(row, request.user), CHANGES_PER_PAGE)
    context = {
        "row": row,
        "kind": kind,
        "page": page,
        "entries": entries(page.object_list, request.user),
        "back": address_of(row),
        "curating": history.is_curator(request.user),
    }
    return render(request, "catalog/history.html", context)


@login_required
@require_safe
@gzip_page
def recent(request: HttpRequest) -> HttpResponse:
    """Show what was changed lately in what everybody shares, for curators."""
    if not history.is_curator(request.user):
        raise PermissionDenied
    shared = history.visible_to(request.user).filter(private_to=None)
    page = page_of(request, shared, CHANGES_PER_PAGE)
    context = {"page": page, "entries": entries(page.object_list, request.user, places=True)}
    return render(request, "catalog/history_recent.html", context)


@login_required
@require_POST
def undo_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Undo a change, and go back to where that was asked for."""
    change = get_object_or_404(history.visible_to(request.user), pk=pk)
    row = MODELS[change.target].objects.visible_to(request.user).filter(pk=change.target_id).first()
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        back = address_of(row, "history") if row else reverse("home")
    try:
        undo(change, account(request))
    except CatalogError as error:
        messages.error(request, str(error.detail))
    else:
        messages.success(request, _("Undone."))
    return HttpResponseRedirect(back)  # redirect() would take "a" for the name of a view


def entries(changes: Any, user: User | AnonymousUser, *, places: bool = False) -> list[Entry]:
    """Describe these changes; ``places`` adds the addresses of the rows that ``user`` may see."""
    rows = list(changes)
    own = history.own_tracks(rows, user)
    where = _places(rows, user) if places else {}
    return [
        Entry(
            change,
            history.sentence(change),
            lines(change.before, change.after) if history.is_edit(change) else [],
            history.may_undo(change, user, own),
            where.get(change.target_id, ""),
        )
        for change in rows
    ]


def _places(changes: list[Change], user: User | AnonymousUser) -> dict[UUID, str]:
    """Return the addresses of the rows of these changes, with one query for each kind."""
    found_: dict[UUID, str] = {}
    for kind, model in MODELS.items():
        ids = {change.target_id for change in changes if change.target == kind}
        rows: list[Named] = list(model.objects.visible_to(user).filter(pk__in=ids)) if ids else []
        found_ |= {row.pk: address_of(row) for row in rows}
    return found_
