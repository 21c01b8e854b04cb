"""The account behind a request."""

from typing import cast

from django.http import HttpRequest

from accounts.models import User


def person(request: HttpRequest) -> User:
    """Return who is signed in. For views behind ``login_required`` only: it does not check."""
    return cast("User", request.user)
