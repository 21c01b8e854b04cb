"""The account behind a request."""

from typing import cast

from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from accounts.models import User


def person(request: HttpRequest) -> User:
    """Return who is signed in. For views behind ``login_required`` only: it does not check."""
    return cast("User", request.user)


def account(request: Request) -> User:
    """Return the account behind a request of the API. Raises ``NotAuthenticated`` (401) for a visitor."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
