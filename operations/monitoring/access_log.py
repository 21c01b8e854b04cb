"""Each request has an id, which its log lines and its answer have; is counted; and has a line in the access log."""

import logging
import re
import time
from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.core.signals import request_finished
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from operations.monitoring.log_context import REQUEST_ID, new_request_id, request_id
from operations.monitoring.process_counters import counters

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
VALID_ID = re.compile(r"[A-Za-z0-9._=+/-]{1,64}", re.ASCII)
SECRET_PARTS = {"key", "link", "token"}
"""Parts of addresses that let whoever knows them in: of shared setlists, of mails for a new password."""
UNREAD_BODY = 100
"""The status of an answer to the headers alone; the same request comes again with its body."""


class RequestMiddleware:
    """Give each request its id, count it, and log it where ``STEMOTECA_ACCESS_LOG`` is on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Not reset below: Django logs errors, and the server sends the body, after this returns.
        identity = _identify(request)
        request_id.set(identity)
        started = time.perf_counter()
        response = self.get_response(request)
        if response.status_code == UNREAD_BODY:
            return response
        response[HEADER] = identity
        seconds = time.perf_counter() - started
        counters.count_answer(_route(request), response.status_code, seconds)
        if settings.ACCESS_LOG:
            _log_access(request, response, seconds)
        return response


def _forget_request(**_signal: object) -> None:
    request_id.set("")


request_finished.connect(_forget_request)


def _identify(request: HttpRequest) -> str:
    """Return the id that a proxy in front has given to the request, or else a new one."""
    given = request.headers.get(HEADER, "") if settings.PROXIES else ""
    return given if VALID_ID.fullmatch(given) else request.META.get(REQUEST_ID) or new_request_id()


def _route(request: HttpRequest) -> str:
    """Name the kind of address, of which there is a limited number: by its view, not by what was asked for."""
    match = request.resolver_match
    if match is None:
        return "static" if request.path.startswith(settings.STATIC_URL) else "unknown"
    return "admin" if "admin" in match.namespaces else match.view_name if match.url_name else match.route


def _log_access(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """Log a line: how long the answer took until its first byte, and how many bytes it announces."""
    entry = {
        "method": request.method,
        "path": public_path(request),
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "bytes": _length(response),
        "account": _account(request),
    }
    log.info(
        "%(method)s %(path)s %(status)s %(ms)s ms %(bytes)s bytes, %(account)s",
        entry,
        extra={"fields": entry},
    )


def public_path(request: HttpRequest) -> str:
    """Return the path without what would let a reader in, and without the query."""
    path = request.path
    match = request.resolver_match
    for name, value in match.kwargs.items() if match else ():
        if name in SECRET_PARTS:
            path = re.sub(rf"(?<=[/-]){re.escape(str(value))}(?=[/.]|$)", "***", path)
    return quote(path, safe="/:@!$&'()*+,;=~")


def _length(response: HttpResponseBase) -> int | None:
    """Return the bytes of the body, None where they are not known before the end."""
    length = response.headers.get("Content-Length", "")
    if length.isdecimal():
        return int(length)
    return None if response.streaming else len(response.content)  # type: ignore[attr-defined]  # has it


def _account(request: HttpRequest) -> str:
    """Name the account by its id: the log holds no e-mail addresses."""
    user = getattr(request, "user", None)
    if user is None:  # a static file
        return "visitor"
    try:
        return str(user.pk) if user.is_authenticated else "visitor"
    except (DatabaseError, InterfaceError):  # asked only now, and the database does not answer
        return "unknown"
