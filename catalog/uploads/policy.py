"""Upload policies: which views accept files, and how large. A view without a policy accepts none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest

V = TypeVar("V", bound=Callable[..., Any])

# Where an admitted request keeps its policy, for the upload handler.
POLICY = "stemoteca.upload_policy"
# Where its files are kept until it has been answered.
FILES = "stemoteca.received_files"
# What the other fields of a form may add to its file.
FORM_BYTES = 1_000_000


@dataclass(frozen=True)
class UploadPolicy:
    """``max_bytes()`` is the largest file; ``counted`` ones need room in their sender's quota; where a
    ``permission`` is named, only its holders may send one."""

    max_bytes: Callable[[], int]
    counted: bool
    permission: str = ""


AUDIO = UploadPolicy(lambda: settings.MAX_UPLOAD_BYTES, counted=True)


def accepts(policy: UploadPolicy) -> Callable[[V], V]:
    """Mark a view as one that takes files."""

    def mark(view: V) -> V:
        view.upload_policy = policy  # type: ignore[attr-defined]  # functions take any attribute
        return view

    return mark


def policy_of(view: Any) -> UploadPolicy | None:
    policy: UploadPolicy | None = getattr(view, "upload_policy", None)
    return policy


def policy_for(request: HttpRequest) -> UploadPolicy | None:
    """Return the policy of the view that answers ``request``."""
    policy: UploadPolicy | None = request.META.get(POLICY)
    return policy
