"""Pages to edit songs, for those who may change them, and artists and albums, for curators."""

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
from catalog.curation.editing import (
    edit,
    edit_album,
    edit_artist,
    may_edit,
    release,
    stays_after_release,
)
from catalog.curation.errors import ConflictError, NameTakenError
from catalog.errors import CatalogError
from catalog.models import Album, Artist, Track
from catalog.uploads.ownership import holds
from catalog.web.addresses import address_of
from catalog.web.forms import AlbumForm, ArtistForm, EditForm, TrackForm

ALBUMS_SUGGESTED = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Edit the names of a song and who may hear it, for its owner and curators."""
    track = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    if not may_edit(track, account(request)):
        raise PermissionDenied
    form = TrackForm(
        request.POST if request.method == "POST" else None, instance=track, user=account(request)
    )
    if request.method == "POST" and form.is_valid():
        try:
            track = edit(track, account(request), form.values, form.was)
        except CatalogError as error:
            _explain(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("track", track.pk)
    albums = Album.objects.visible_to(request.user).filter(artist=track.artist_id)
    context = {
        "track": track,
        "form": form,
        "albums": albums.values_list("title", flat=True)[:ALBUMS_SUGGESTED],
    }
    return render(request, "catalog/track_edit.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def artist(request: HttpRequest, slug: str) -> HttpResponse:
    """Edit the names of an artist."""
    row = get_object_or_404(Artist.objects.visible_to(request.user), slug=slug)
    form = ArtistForm(request.POST if request.method == "POST" else None, row=row)
    return _edit_shared(request, row, form, edit_artist, _("Edit this artist"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def album(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Edit the title of an album and whose it is."""
    row = get_object_or_404(Album.objects.visible_to(request.user).select_related("artist"), pk=pk)
    form = AlbumForm(request.POST if request.method == "POST" else None, row=row)
    return _edit_shared(request, row, form, edit_album, _("Edit this album"))


def _edit_shared(
    request: HttpRequest, row: Artist | Album, form: EditForm, save: Any, heading: str
) -> HttpResponse:
    kind = "artist" if isinstance(row, Artist) else "album"
    if not request.user.has_perm(f"catalog.change_{kind}"):
        raise PermissionDenied
    context: dict[str, Any] = {"row": row, "form": form, "heading": heading, "back": address_of(row)}
    if request.method == "POST" and form.is_valid():
        try:
            row = save(row, account(request), form.values, form.was)
        except CatalogError as error:
            _explain(form, error)
            if isinstance(error, NameTakenError):
                context |= {
                    "taken": error.other,
                    "merge": f"{address_of(row, 'merge')}?into={error.other.pk}",
                }
        else:
            messages.success(request, _("Saved."))
            return redirect(address_of(row))
    return render(request, "catalog/name_edit.html", context)


def _explain(form: EditForm, error: CatalogError) -> None:
    if isinstance(error, ConflictError):
        form.show(error)
    else:
        form.add_error(None, str(error.detail))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for confirmation, then drop the user's claim. The song stays for others who brought it too."""
    track = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    user = account(request)
    if not (holds(track, user) or may_edit(track, user)):
        raise PermissionDenied
    if request.method == "POST":
        own = holds(track, user)
        release(track, user)
        sentence = _("Removed from your songs: %(title)s") if own else _("Removed: %(title)s")
        messages.success(request, sentence % {"title": track.title})
        return redirect("home")
    context = {"track": track, "own": holds(track, user), "others": stays_after_release(track, user)}
    return render(request, "catalog/track_remove.html", context)
