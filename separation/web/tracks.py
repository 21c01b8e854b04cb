"""The page of a song, with its player, and the upload page."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.current_user import account
from accounts.security.pending_action import login_required
from audio.formats import EXTENSIONS
from catalog.errors import CatalogError
from catalog.models import Track, Visibility
from catalog.redirects import Kind, redirect_or_404
from catalog.uploads import policy
from catalog.uploads.ingest import ingest
from catalog.uploads.ownership import holds
from catalog.web.songs import track_actions
from separation.delivery.permissions import VisibleSeparation, shown_by
from separation.duplicates import worth_asking
from separation.models import Status, TrackSeparation
from separation.queue import requests
from separation.web import model_menu
from separation.web.forms import NO_MODEL, UploadForm
from separation.web.js_messages import PLAYER_MESSAGES, UPLOAD_MESSAGES, translate
from separation.web.stem_parts import with_stem_of
from separation.web.track_page import TrackPage, best_by_model, finished_rows, separation_to_show


@require_safe
@gzip_page
def track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a song: its player, or the progress of its separation.

    ``?separation=`` (an id) or ``?model=`` chooses among its separations; that of a stem shows the one with the stem.
    ``?fragment=`` sends a part of the page to scripts: ``separation`` the middle, which they update, ``player`` the
    player alone, or 204 while it is not ready.
    """
    visible = Track.objects.visible_to(request.user).with_names()
    row = visible.filter(pk=pk).first()
    if row is None:
        return redirect_or_404(request, Kind.TRACK, pk, visible)
    rows = list(shown_by([row]).order_by("created_at", "pk"))
    prefetch_related_objects([each.separation for each in rows], "stems__audio")
    separations = [VisibleSeparation.through(row, each.separation, each).separation for each in rows]
    wanted = request.GET.get("separation", "")
    shown = separation_to_show(
        separations, pk=with_stem_of(wanted, row, separations), model=request.GET.get("model", "")
    )
    context: dict[str, Any] = {
        "track": row,
        "track_page": TrackPage.of(row, shown, request.user),
        "menu": model_menu.beside(best_by_model(separations), shown, request.user),
        "made": finished_rows(separations),
        "may_edit": row.may_be_edited_by(request.user),
        "may_remove": not request.user.is_anonymous and holds(row, request.user),
        "words": translate(PLAYER_MESSAGES),
    }
    match request.GET.get("fragment"):
        case "separation":
            return render(request, "separation/track_separation.html", context)
        case "player" if context["track_page"].state != Status.SUCCEEDED:
            return HttpResponse(status=204)
        case "player":
            return render(request, "separation/setlist_song.html", context)
    return render(request, "separation/track.html", context | track_actions(request, row))


@login_required
@require_POST
def separate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Request the separation of a song by ``model``."""
    row = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    try:
        queued = requests.ask(row, request.POST.get("model") or None, account(request))
    except CatalogError as error:
        messages.error(request, str(error.detail))
        return redirect("track", row.pk)
    return redirect(f"{reverse('track', args=[row.pk])}?separation={queued.separation.pk}")


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Withdraw the request for the separation with the id ``separation`` of a song."""
    row = get_object_or_404(Track.objects.visible_to(request.user), pk=pk)
    rows = TrackSeparation.objects.filter(track=row).shown().select_related("separation")
    shown = {str(each.separation_id): each.separation for each in rows}
    separation = shown.get(request.POST.get("separation", ""))
    if separation is None:
        raise Http404
    if requests.withdraw(separation, account(request)):
        messages.success(request, _("Stopped."))
    else:
        messages.info(request, _("Others are waiting for it too, so it continues."))
    return redirect("track", row.pk)


@policy.accepts(policy.AUDIO)
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Upload a song. With scripts the page sends several through the API and shows the progress of each."""
    form = UploadForm(request.POST or None, request.FILES or None, menu=model_menu.installed(request.user))
    if request.method == "POST" and form.is_valid():
        response = _ingest_and_ask(request, form)
        if response is not None:
            return response
    context = {
        "form": form,
        "words": translate(UPLOAD_MESSAGES),
        "accept": ",".join(["audio/*", *(f".{extension}" for extension in EXTENSIONS)]),
        "limit": settings.MAX_UPLOAD_BYTES,
        "minutes": settings.MAX_SECONDS // 60,
    }
    return render(request, "separation/upload.html", context)


def _ingest_and_ask(request: HttpRequest, form: UploadForm) -> HttpResponse | None:
    """Ingest the song and request its separation, as the API does; None with an error in ``form``."""
    file: TemporaryUploadedFile = form.cleaned_data["file"]
    user = account(request)
    try:
        ingested = ingest(
            Path(file.temporary_file_path()),
            filename=file.name or "",
            user=user,
            visibility=Visibility(form.cleaned_data["visibility"]),
        )
        separate = form.cleaned_data["model"] != NO_MODEL
        if separate and worth_asking(ingested.matches):  # the song's page offers both
            messages.info(request, _("This song is already here as another file. Choose below."))
        elif separate:
            requests.ask(ingested.track, form.cleaned_data["model"], user)
    except CatalogError as error:
        form.add_error(None, str(error.detail))
        return None
    if not ingested.created:
        messages.success(request, _("This song was here already."))
    return redirect("track", ingested.track.pk)
