"""The language a person chose, carried in a cookie: every page knows it without asking the database."""

from django.conf import settings
from django.http.response import HttpResponseBase


def remember(response: HttpResponseBase, language: str) -> None:
    """Keep ``language`` in the browser; an empty one means the browser decides again."""
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 86_400, samesite="Lax", httponly=True
        )
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
