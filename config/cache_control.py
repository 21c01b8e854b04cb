"""``Cache-Control`` of answers whose view has not decided it."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

API = "/api/"


def default_cache_control(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Add the header (middleware): API answers and pages of a session are not stored, other pages revalidated.

    Nothing is ``public`` here, since takedowns and visibility change what people may see. Pages of visitors may stay in
    their own browser, so that going back is immediate.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            personal = request.path_info.startswith(API) or settings.SESSION_COOKIE_NAME in request.COOKIES
            if personal or settings.SESSION_COOKIE_NAME in response.cookies:
                patch_cache_control(response, private=True, no_store=True)
            else:
                patch_cache_control(response, private=True, no_cache=True)
        return response

    return middleware
