"""The page where a song or an album gets another cover."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.current_user import account
from accounts.security.pending_action import login_required
from catalog.curation.covers import MOST_BYTES, drop_cover, may_picture, set_cover
from catalog.errors import CatalogError
from catalog.models import Album, Track
from catalog.selectors import add_pictures
from catalog.uploads import policy

PICTURE = policy.UploadPolicy(lambda: MOST_BYTES, counted=False)


class CoverForm(forms.Form):
    """One picture."""

    file = forms.FileField(
        label=gettext_lazy("Picture"),
        help_text=gettext_lazy("A JPEG, PNG, WebP or GIF file of at most 10 MB. It is shown as a square."),
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )

    def clean_file(self) -> TemporaryUploadedFile:
        """Say that a file is too large before anybody looks into it."""
        file: TemporaryUploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(_("The picture is too large."), code="too_large")
        return file


@policy.accepts(PICTURE)
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change the cover of a song, for its owner and curators."""
    row = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    return _page(request, row, {"track": row, "of": "track"})


@policy.accepts(PICTURE)
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def album(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change the cover of an album, for curators."""
    row = get_object_or_404(Album.objects.visible_to(request.user).select_related("artist"), pk=pk)
    add_pictures([row], request.user)
    return _page(request, row, {"album": row, "of": "album"})


def _page(request: HttpRequest, row: Track | Album, context: dict[str, Any]) -> HttpResponse:
    user = account(request)
    if not may_picture(row, user):
        raise PermissionDenied
    if request.method == "POST" and "remove" in request.POST:
        drop_cover(row, user)
        messages.success(request, _("The cover was removed."))
        return redirect(context["of"], row.pk)
    form = CoverForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            set_cover(row, user, Path(form.cleaned_data["file"].temporary_file_path()))
        except CatalogError as error:
            form.add_error("file", str(error.detail))
        else:
            messages.success(request, _("Saved."))
            return redirect(context["of"], row.pk)
    return render(request, "catalog/cover_edit.html", context | {"form": form, "row": row})
