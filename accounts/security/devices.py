"""Known devices: browsers in which somebody signed in to an account before (OWASP: device cookies).

A signed cookie holds, for each account, a random id of the device. Wrong passwords that come with it are counted for
this device alone (``attempts``), so attempts from elsewhere never lock its owner out.
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
DEVICE_PREFIX = "device-"
SALT = "accounts.security.devices"
MAX_AGE_SECONDS = 365 * 86_400
MAX_ACCOUNTS = 5  # in one cookie


def client_of(request: HttpRequest, address: str) -> str:
    """Return the client that signs in to the account of ``address``: its known device, else its network."""
    device = _read(request).get(digest(address))
    return f"{DEVICE_PREFIX}{device}" if device else f"network-{client_network(request)}"


@receiver(user_logged_in)
def mark_signed_in(request: HttpRequest | None, user: Any, **_more: Any) -> None:
    """Have the response to ``request`` set the cookie."""
    if request is not None and isinstance(user, User):
        request.signed_in_address = user.email  # type: ignore[attr-defined]


def set_device_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie if somebody signed in with ``request``, the API excepted: its clients keep no cookies."""
    address = getattr(request, "signed_in_address", "")
    if not address or request.path_info.startswith("/api/"):
        return
    known = _read(request)
    account = digest(address)
    known[account] = known.pop(account, "") or secrets.token_urlsafe(12)
    latest = list(known.items())[-MAX_ACCOUNTS:]
    response.set_cookie(
        COOKIE,
        signing.dumps(latest, salt=SALT),
        max_age=MAX_AGE_SECONDS,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> dict[str, str]:
    try:
        return dict(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=MAX_AGE_SECONDS))
    except signing.BadSignature:
        return {}
