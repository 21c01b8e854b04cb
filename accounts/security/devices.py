"""Known devices: browsers in which somebody signed in to an account before.

A signed cookie names the accounts, each with a number of its own. Wrong passwords that come with it are counted for
this device alone (`sign_in`), so whatever others try, here its owner gets in. OWASP calls it a device cookie.
"""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import user_logged_in
from django.core import signing
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User
from accounts.security.client_address import client_network
from accounts.security.throttles import digest

COOKIE = "devices"
DEVICE = "device-"
SALT = "accounts.security.devices"
SECONDS = 365 * 86_400
ACCOUNTS = 5  # that one browser remembers


def client_of(request: HttpRequest, address: str) -> str:
    """Return who tries to get into the account of ``address``: a device known to it, else a network."""
    device = _read(request).get(digest(address))
    return f"{DEVICE}{device}" if device else f"network-{client_network(request)}"


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest | None, user: Any, **_more: Any) -> None:
    """Have the answer to ``request`` make this device known."""
    if request is not None and isinstance(user, User):
        request.signed_in_address = user.email  # type: ignore[attr-defined]


def remember_device(request: HttpRequest, response: HttpResponseBase) -> None:
    """Send the cookie if somebody signed in with ``request``. Programs keep none, and get none."""
    address = getattr(request, "signed_in_address", "")
    if not address or request.path.startswith("/api/"):
        return
    known = _read(request)
    account = digest(address)
    known[account] = known.pop(account, "") or secrets.token_urlsafe(12)
    latest = list(known.items())[-ACCOUNTS:]
    response.set_cookie(
        COOKIE,
        signing.dumps(latest, salt=SALT),
        max_age=SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> dict[str, str]:
    try:
        return dict(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=SECONDS))
    except signing.BadSignature:
        return {}
