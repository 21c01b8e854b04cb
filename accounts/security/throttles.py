"""Rate limits by client: the API's own, and those that website and API share.

All count in the cache ``limits``, which stores nothing else.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.connection import ConnectionProxy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework.exceptions import Throttled
from rest_framework.throttling import (
    AnonRateThrottle,
    ScopedRateThrottle,
    SimpleRateThrottle,
    UserRateThrottle,
)

from accounts.security.client_address import client_network

limits: Any = ConnectionProxy(
    caches, "limits"
)  # one connection for each thread, like `django.core.cache.cache`


class TooManyAttempts(Throttled):
    """Too many wrong passwords from this client."""

    default_code = "locked_out"


class TooManyCodes(Throttled):
    """Too many sign-in codes were requested."""

    default_code = "too_many_codes"


class ClientThrottle(SimpleRateThrottle):
    cache = limits

    def get_ident(self, request: Any) -> str:
        return client_network(request)


class VisitorThrottle(ClientThrottle, AnonRateThrottle):
    """All calls of a visitor, by address."""


class AccountThrottle(ClientThrottle, UserRateThrottle):
    """All calls of an account."""


class ScopeThrottle(ClientThrottle, ScopedRateThrottle):
    """Calls of one kind, by account or address."""


class KeyThrottle(ClientThrottle):
    """Limit anything that has a key; for use outside API views."""

    def __init__(self, scope: str, key: str) -> None:
        self.scope = scope
        self._key = key
        super().__init__()

    def get_cache_key(self, request: Any, view: Any) -> str:  # noqa: ARG002  # REST framework's signature
        return self.cache_format % {"scope": self.scope, "ident": self._key}

    def is_allowed(self) -> bool:
        """Count one more, and return whether the rate allows it."""
        return bool(self.allow_request(None, None))  # type: ignore[arg-type]  # neither is looked at

    def reset(self) -> None:
        self.cache.delete(self.get_cache_key(None, None))


def digest(text: str) -> str:
    """Return a short hash of ``text`` for use in cache keys."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def throttle_posts(
    scope: str,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Limit the POSTs of a page by client, counted together with the API's throttle scope of this name."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def throttled_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST":
                throttle = KeyThrottle(scope, client_network(request))
                if not throttle.is_allowed():
                    raise Throttled(throttle.wait())
            return view(request, *args, **kwargs)

        return throttled_view

    return decorate


def retry_after(error: Throttled) -> int:
    """Return the seconds for the header ``Retry-After``."""
    return max(1, int(getattr(error, "wait", None) or 0))


def explain(error: Throttled) -> str:
    """Return a sentence that says what was too much, and how long to wait."""
    time = duration(retry_after(error))
    if isinstance(error, TooManyAttempts):
        return _("Too many wrong passwords. Try again in %(time)s.") % {"time": time}
    if isinstance(error, TooManyCodes):
        return _("Too many codes were asked for. Try again in %(time)s.") % {"time": time}
    return _("Too many requests. Try again in %(time)s.") % {"time": time}


def duration(seconds: int) -> str:
    """Return ``"40 seconds"`` or ``"4 minutes"``, rounded up."""
    if seconds < 100:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
