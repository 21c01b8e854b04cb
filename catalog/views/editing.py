"""The details of a song, for who may change them."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.people import person
from catalog.claims import holds
from catalog.editing import edit, let_go
from catalog.errors import CatalogError
from catalog.forms import TrackForm
from catalog.models import Track


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a song is called and who may hear it, for its owner and those who look after the catalogue."""
    track = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    if not track.may_be_edited_by(request.user):
        raise PermissionDenied
    form = TrackForm(request.POST or None, instance=track, user=person(request))
    if request.method == "POST" and form.is_valid():
        try:
            track = edit(track, person(request), form.cleaned_data)
        except CatalogError as error:
            form.add_error(None, str(error.detail))
        else:
            messages.success(request, _("Saved."))
            return redirect("track", track.pk)
    return render(request, "catalog/track_edit.html", {"track": track, "form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask, then let go of one's claim on a song. It stays for others who brought it too."""
    track = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    user = person(request)
    if not (holds(track, user) or track.may_be_edited_by(user)):
        raise PermissionDenied
    if request.method == "POST":
        let_go(track, user)
        messages.success(request, _("Removed from your songs: %(title)s") % {"title": track.title})
        return redirect("home")
    context = {"track": track, "others": shared_with_others(track, user)}
    return render(request, "catalog/track_remove.html", context)


def shared_with_others(track: Track, user: User) -> bool:
    """Whether somebody else brought this song too, and it stays when ``user`` lets go."""
    return track.uploads.exclude(user=user).filter(user__is_active=True).exists()
