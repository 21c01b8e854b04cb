"""Handlers for the errors 400, 404, 405 and 500: JSON for the API, a page for everybody else."""

import sys
from collections.abc import Callable

from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import defaults

from catalog.error_responses import (
    API_PREFIX,
    NOT_FOUND,
    cache_error,
    database_error,
    error_response,
    json_error,
)
from catalog.errors import CacheUnavailableError, CatalogError
from catalog.uploads.admission import too_large


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return error_response(request, exception if isinstance(exception, CatalogError) else too_large())
    sentence = unknown_host(request) if isinstance(exception, DisallowedHost) else ""
    if request.path_info.startswith(API_PREFIX):
        return json_error(400, "bad_request", sentence or _("The request could not be understood."))
    return HttpResponseBadRequest(render_to_string("400.html", {"sentence": sentence}))


def unknown_host(request: HttpRequest) -> str:
    """Say which settings name the host that a browser asked for: who sees this may be who can change them."""
    return gettext(
        "This installation does not know the address %(host)s. Whoever runs it can name it in STEMOTECA_URL or in "
        "STEMOTECA_ALLOWED_HOSTS."
    ) % {"host": request.META.get("HTTP_HOST", "")}


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path_info.startswith(API_PREFIX):
        return json_error(404, "not_found", NOT_FOUND)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 or 507 if database or cache are the cause, else 500. Django calls this while it handles the error."""
    error = sys.exception()
    if isinstance(error, OperationalError | InterfaceError):
        return error_response(request, database_error(error))
    if isinstance(error, CacheUnavailableError):
        return error_response(request, cache_error())
    if request.path_info.startswith(API_PREFIX):
        return json_error(500, "server_error", _("Something went wrong on the server. It has been logged."))
    return defaults.server_error(request)


class MethodNotAllowedMiddleware:
    """Answer 405 with a page where a view does so without one: Django has no ``handler405``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or request.method == "HEAD":
            return response
        page = render(request, "405.html", status=response.status_code)
        page["Allow"] = response["Allow"]
        return page
