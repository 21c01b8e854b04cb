"""The account behind a request."""

from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from accounts.models import User


def account(request: HttpRequest | Request) -> User:
    """Return the account that is signed in. Raises ``NotAuthenticated`` (401) for a visitor."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
