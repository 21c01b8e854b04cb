"""Admit or refuse a request body by its headers, and again while it arrives."""

import math
from typing import Protocol

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.errors import CatalogError
from catalog.storage import backend
from catalog.storage.waiting_requests import busy
from catalog.uploads.policy import FORM_BYTES, UploadPolicy
from catalog.uploads.refusals import quota_exceeded, refusal

# Forms and JSON too large for the server's memory, which anybody may send: how many may arrive at once from one
# network, and from all of them to one process, and how long each may take.
FORMS_PER_NETWORK, MOST_FORMS = 16, 64
FORM_SECONDS = 60.0


class PendingBody(Protocol):
    """A request body in transfer: announced length (``None``: unknown) and bytes received."""

    length: int | None
    received: int
    disk_full: bool

    def admit(self, limit: int, seconds: float = math.inf) -> None: ...

    def count_for(self, who: str, at_most: int) -> bool: ...


def largest_body(policy: UploadPolicy | None) -> int:
    """Return the largest size of a whole request in bytes."""
    return most_bytes(policy) + (FORM_BYTES if policy else 0)


def most_bytes(policy: UploadPolicy | None) -> int:
    """Return the largest size of an uploaded file, or of a form without one, in bytes."""
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE if policy is None else policy.max_bytes()


def check_size(policy: UploadPolicy | None, user: User | AnonymousUser, size: int) -> None:
    """Raise ``CatalogError``: ``too_large`` or ``quota_exceeded`` (413)."""
    if size > largest_body(policy):
        raise too_large() if policy is None else refusal("too_large")
    if policy is not None and policy.counted:
        check_quota(user, size - FORM_BYTES)


def check_quota(user: User | AnonymousUser, size: int) -> None:
    if isinstance(user, User) and size > 0 and user.stored_bytes + size > settings.QUOTA_BYTES:
        raise quota_exceeded()


def admit(body: PendingBody, policy: UploadPolicy | None, user: User | AnonymousUser, network: str) -> None:
    """Admit ``body``. Raises ``CatalogError``: ``too_large``, ``quota_exceeded`` (413), ``no_space`` (507),
    ``too_many_uploads`` (429), ``busy`` (503).
    """
    size = max(body.length or 0, body.received)
    check_size(policy, user, size)
    if body.disk_full:
        raise backend.no_space()
    if policy is None:
        if not (
            body.count_for(f"network {network}", FORMS_PER_NETWORK) and body.count_for("forms", MOST_FORMS)
        ):
            raise busy()
        backend.check_space((largest_body(policy) if body.length is None else size) - body.received)
        body.admit(largest_body(policy), FORM_SECONDS)
        return
    # A form with a file is received as a whole, and then taken apart into a second file.
    backend.check_space(2 * size - body.received)
    if not body.count_for(str(user.pk), settings.UPLOADS_PER_PERSON):
        raise CatalogError(
            "too_many_uploads",
            _("You are already sending many files. Wait until one has finished."),
            status=429,
        )
    body.admit(largest_body(policy))


def too_large() -> CatalogError:
    return CatalogError("too_large", _("The request is too large."), status=413)
