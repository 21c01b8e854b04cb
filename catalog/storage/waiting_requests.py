"""Count the requests that wait for work, so that most threads stay free for everybody else.

A request that waits holds one of the website's threads. At most half of them may wait at any time, and each person
only with a few; who asks for more is told to come back. The counts are those of this process, as its threads are.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from accounts.security.client_address import client_network
from catalog.errors import CatalogError

RETRY_SECONDS = 10

_lock = threading.Lock()
_waiting: "Counter[str]" = Counter()


def requester(request: HttpRequest | Request) -> str:
    """Return the key to count by: the account, or the address of a visitor."""
    if request.user.is_authenticated:
        return f"account {request.user.pk}"
    return f"address {client_network(request)}"


@contextmanager
def waiting(person: str, *, long: bool = False) -> Iterator[None]:
    """Count the request of ``person`` as one that waits, for as long as the block runs.

    ``long`` is for waits of minutes, which may not take the last quarter of the places: short ones must get their turn
    meanwhile. Raises ``CatalogError("busy")`` (503) when too many wait already.
    """
    places = max(1, settings.WEB_THREADS // 2)
    most = max(1, places - places // 4) if long else places
    with _lock:
        if _waiting.total() >= most or _waiting[person] >= settings.WAITING_PER_PERSON:
            raise busy()
        _waiting[person] += 1
    try:
        yield
    finally:
        with _lock:
            _waiting[person] -= 1
            if not _waiting[person]:
                del _waiting[person]


def busy() -> CatalogError:
    """Return the error when too many requests wait: 503, trying again helps."""
    sentence = _("The server is busy with many files just now. Please try again in a few seconds.")
    return CatalogError("busy", sentence, status=503, retry_after=RETRY_SECONDS)
