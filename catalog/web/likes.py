"""The form to like a song, for browsers without scripts."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.current_user import account
from accounts.security.pending_action import login_required
from catalog.models import Track
from catalog.social import likes


@login_required
@require_POST
def like(request: HttpRequest) -> HttpResponse:
    """Like the song whose id is ``like``, or no longer that of ``unlike``; then go back to where the button was."""
    change, name = (likes.unlike, "unlike") if "unlike" in request.POST else (likes.like, "like")
    try:
        pk = UUID(request.POST.get(name, ""))
    except ValueError as error:
        raise Http404 from error
    track = get_object_or_404(Track.objects.visible_to(request.user), pk=pk)
    change(track, account(request))
    back = request.POST.get("next", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return HttpResponseRedirect(back)
    return redirect("track", track.pk)
