"""The cookie with the language a person chose, so that pages need no query to know it."""

from django.conf import settings
from django.http.response import HttpResponseBase


def set_language_cookie(response: HttpResponseBase, language: str) -> None:
    """Set the cookie; an empty ``language`` deletes it, and the browser's preference counts again."""
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 86_400,
            path=settings.LANGUAGE_COOKIE_PATH,
            samesite="Lax",
            httponly=True,
        )
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_COOKIE_PATH, samesite="Lax")
