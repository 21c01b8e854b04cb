"""Forms posted by a visitor: stored while the person signs in, then submitted.

A session expires while a page is open, or a visitor presses a button that needs an account. The browser then sends a
POST that would be lost by the redirect to the sign-in page, since the redirect after signing in is a GET.
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
from django.urls import get_script_prefix, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

SESSION_KEY = "pending_action"
MAX_AGE_SECONDS = 3600
MAX_CHARACTERS = 20_000
FORM = "application/x-www-form-urlencoded"

View = Callable[..., HttpResponseBase]


def login_required(view: View) -> View:
    """Require an account, as Django's decorator does; submit what a visitor posted once they have signed in.

    Forms with files are not stored: they lead back to the page of the form.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated or request.method != "POST":
            return django_login_required(view)(request, *args, **kwargs)
        if _store(request):
            return redirect_to_login(reverse("continue"))
        return redirect_to_login(request.get_full_path())

    return guarded


def _store(request: HttpRequest) -> bool:
    """Store the form in the visitor's session. It has passed the CSRF check, so this person sent it."""
    if request.content_type != FORM:
        return False
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    body = fields.urlencode()
    if len(body) > MAX_CHARACTERS:
        return False
    request.session[SESSION_KEY] = {"path": request.path_info, "body": body, "sent_at": time.time()}
    return True


def discard_unless_resumed(request: HttpRequest, address: str) -> None:
    """Discard the stored form when somebody signs in and is redirected to anything but ``resume``."""
    if address != reverse("continue"):
        request.session.pop(SESSION_KEY, None)


@require_safe
@login_required
def resume(request: HttpRequest) -> HttpResponseBase:
    """Submit the stored form to its view, and return that view's response.

    Where the view redirects without a message of its own, add one for the next page.
    """
    stored = request.session.pop(SESSION_KEY, None)
    if stored is None or time.time() - stored["sent_at"] > MAX_AGE_SECONDS:
        return redirect("home")
    match = resolve(stored["path"])
    posted = copy.copy(request)
    posted.method = "POST"
    posted.path_info = stored["path"]
    posted.path = f"{get_script_prefix().rstrip('/')}{posted.path_info}"
    posted.resolver_match = match
    posted.GET = QueryDict()
    posted.POST = QueryDict(stored["body"])
    response: HttpResponseBase = match.func(posted, *match.args, **match.kwargs)
    if isinstance(response, HttpResponseRedirectBase) and not _has_new_message(request):
        messages.info(request, _("Done, now that you are signed in."))
    # A cached response would submit nothing the next time.
    response["Cache-Control"] = "no-store"
    return response


def _has_new_message(request: HttpRequest) -> bool:
    """Return whether the view added a message."""
    return bool(getattr(messages.get_messages(request), "added_new", False))
