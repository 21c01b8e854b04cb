"""The person behind a request."""

from typing import cast

from django.http import HttpRequest

from accounts.models import User


def person(request: HttpRequest) -> User:
    """Who is signed in; only for views that let nobody else in."""
    return cast("User", request.user)
