"""The page to report a song."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.current_user import account
from accounts.security.pending_action import login_required
from catalog.curation.reports import report
from catalog.errors import CatalogError
from catalog.models import Report, Track
from catalog.web.forms import ReportForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report_track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Report what is wrong with a song, to the curators."""
    track = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    form = ReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason, text = Report.Reason(form.cleaned_data["reason"]), form.cleaned_data["text"]
        try:
            _row, new = report(track, account(request), reason, text)
        except CatalogError as error:
            form.add_error(None, str(error.detail))
        else:
            if new:
                messages.success(request, _("Thank you. Somebody will look at it, and you will be notified."))
            else:
                messages.info(
                    request,
                    _("You have reported this already. Somebody will look at it, and at what you wrote now."),
                )
            return redirect("track", track.pk)
    return render(request, "catalog/report.html", {"track": track, "form": form})
