"""The form to like a song, for browsers without scripts."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.current_user import account
from accounts.security.pending_action import login_required
from catalog.models import Track
from catalog.social import likes


@login_required
@require_POST
def like(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Like or ``unlike``, as ``do`` says; then go back to where the button was."""
    track = get_object_or_404(Track.objects.visible_to(request.user), pk=pk)
    change = likes.unlike if request.POST.get("do") == "unlike" else likes.like
    change(track, account(request))
    back = request.POST.get("next", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return HttpResponseRedirect(back)
    return redirect("track", track.pk)
