"""Responses to errors outside views, as JSON for the API and as a page for everybody else."""

from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from catalog.errors import CatalogError
from catalog.storage import backend
from catalog.uploads.admission import most_bytes
from catalog.uploads.policy import POLICY

API_PREFIX = "/api/"
NOT_FOUND = _("There is nothing at this address, or it is not for you.")
RETRY_SECONDS = 10  # for what passes by itself
HEADINGS = {
    400: _("Only one file at a time"),
    413: _("Too large"),
    429: _("Too much at once"),
    503: _("Not available just now"),
    507: _("No room left"),
}


def error_body(code: str, detail: Any, fields: Any = None) -> dict[str, Any]:
    """Return the form that all errors of the API have."""
    body: dict[str, Any] = {"code": code, "detail": str(detail)}
    if fields:
        body["fields"] = fields
    return body


def json_error(status: int, code: str, detail: Any) -> HttpResponse:
    options = {"separators": (",", ":"), "ensure_ascii": False}
    return JsonResponse(error_body(code, detail), status=status, json_dumps_params=options)


def error_response(request: HttpRequest, error: CatalogError) -> HttpResponse:
    """Return the response to ``error``. The page needs neither a session nor the database."""
    if request.path_info.startswith(API_PREFIX):
        response = json_error(error.status, error.code, error.detail)
    else:
        with translation.override(translation.get_language_from_request(request)):
            context = {
                "heading": HEADINGS.get(error.status, HEADINGS[413]),
                "detail": error.detail,
                "limit": most_bytes(request.META.get(POLICY)) if error.code == "too_large" else None,
                "back": _referring_page(request),
            }
            response = HttpResponse(render_to_string("refused.html", context), status=error.status)
            response["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
    if error.status in {429, 503}:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _referring_page(request: HttpRequest) -> str:
    """Return the page of ours that sent the request, ``""`` if the browser does not tell."""
    referer = request.headers.get("Referer", "")
    return referer if url_has_allowed_host_and_scheme(referer, request.get_host()) else ""


def database_error(error: OperationalError | InterfaceError) -> CatalogError:
    """Return 503 for a database that does not answer, 507 for one whose disk is full."""
    if "disk is full" in str(error) or "No space left" in str(error):
        return backend.no_space()
    return CatalogError(
        "database_away", _("The database does not answer just now. Try again in a moment."), status=503
    )


def cache_error() -> CatalogError:
    """Return 503 for a shared cache that does not answer."""
    return CatalogError(
        "cache_away", _("The cache does not answer just now. Try again in a moment."), status=503
    )
