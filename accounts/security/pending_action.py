"""Actions that a form sent without a session: kept while the person signs in, then carried out.

A session expires while a page is open, and a visitor presses a button that needs an account. Either way the browser
sends a POST that cannot be answered yet. Redirecting it to the sign-in page would lose it, since the redirect after
signing in is a GET.
"""

import copy
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required as django_login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase, HttpResponseRedirectBase
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

SESSION_KEY = "pending_action"
MAX_AGE_SECONDS = 3600
MAX_CHARACTERS = 20_000
FORM = "application/x-www-form-urlencoded"

View = Callable[..., HttpResponseBase]


def login_required(view: View) -> View:
    """Let only accounts through, like Django's decorator; what a visitor posted is done once they have signed in.

    Forms with files are not kept: whoever sent one comes back to the page of the form.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated or request.method != "POST":
            return django_login_required(view)(request, *args, **kwargs)
        if _keep(request):
            return redirect_to_login(reverse("continue"))
        return redirect_to_login(request.get_full_path())

    return guarded


def _keep(request: HttpRequest) -> bool:
    """Remember the form in the visitor's session. It has passed the CSRF check, so this person sent it."""
    if request.content_type != FORM:
        return False
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    body = fields.urlencode()
    if len(body) > MAX_CHARACTERS:
        return False
    request.session[SESSION_KEY] = {"path": request.path_info, "body": body, "sent_at": time.time()}
    return True


def forget_elsewhere(request: HttpRequest, address: str) -> None:
    """Forget the form of somebody who signs in and is sent to ``address``, unless that carries it out."""
    if address != reverse("continue"):
        request.session.pop(SESSION_KEY, None)


@require_safe
@login_required
def resume(request: HttpRequest) -> HttpResponseBase:
    """Carry out the action that was kept, as its own view does, and answer what that view answers.

    Where the view redirects and says nothing itself, the page that follows says that something was done.
    """
    kept = request.session.pop(SESSION_KEY, None)
    if kept is None or time.time() - kept["sent_at"] > MAX_AGE_SECONDS:
        return redirect("home")
    match = resolve(kept["path"])
    posted = copy.copy(request)
    posted.method = "POST"
    posted.path = posted.path_info = kept["path"]
    posted.resolver_match = match
    posted.GET = QueryDict()
    posted.POST = QueryDict(kept["body"])
    response: HttpResponseBase = match.func(posted, *match.args, **match.kwargs)
    if isinstance(response, HttpResponseRedirectBase) and not _has_spoken(request):
        messages.info(request, _("Done, now that you are signed in."))
    # A cached answer would carry out nothing the next time.
    response["Cache-Control"] = "no-store"
    return response


def _has_spoken(request: HttpRequest) -> bool:
    """Whether the view said itself what it did, or why not."""
    return bool(getattr(messages.get_messages(request), "added_new", False))
