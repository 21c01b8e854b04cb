"""Errors of API views as ``{"code", "detail", "fields"?}``."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from accounts.security import throttles
from catalog.error_responses import NOT_FOUND, error_body
from catalog.errors import CatalogError

DEFAULT_RETRY_SECONDS = 60  # for 429 where nobody knows when a queue will be shorter

DJANGO_ERRORS: tuple[tuple[type[Exception], int, str, Any], ...] = (
    (Http404, 404, "not_found", NOT_FOUND),
    (PermissionDenied, 403, "permission_denied", _("You may not do this.")),
    (RequestDataTooBig, 413, "too_large", _("The request is too large.")),
    (MultiPartParserError, 400, "parse_error", _("The request could not be read.")),
    (UnreadablePostError, 400, "parse_error", _("The request could not be read.")),
    (SuspiciousOperation, 400, "bad_request", _("The request could not be understood.")),
)


def exception_handler(error: Exception, _context: dict[str, Any]) -> Response | None:
    """Return the response to a client's error; None, which becomes a 500, for any other error."""
    if isinstance(error, exceptions.APIException):
        return _api_exception(error)
    if isinstance(error, CatalogError):
        return _response(
            error.status, error.code, error.detail, fields=error.by_field, retry_after=error.retry_after
        )
    if isinstance(error, ValidationError):
        return _response(400, "invalid", " ".join(error.messages))
    for kind, status, code, detail in DJANGO_ERRORS:
        if isinstance(error, kind):
            return _response(status, code, detail)
    return None


def _api_exception(error: exceptions.APIException) -> Response:
    detail: Any = error.detail
    code: Any = error.get_codes()
    if isinstance(error, exceptions.ValidationError):
        return _validation_error(detail)
    if isinstance(error, exceptions.NotFound):
        # Whatever the reason: what somebody may not see and what does not exist look the same.
        return _response(404, "not_found", NOT_FOUND)
    if isinstance(error, exceptions.Throttled):
        return _response(429, str(code), throttles.explain(error), retry_after=throttles.retry_after(error))
    if isinstance(detail, dict):  # as simplejwt raises them
        code, detail = detail.get("code", error.default_code), detail.get("detail", error.default_detail)
    response = _response(error.status_code, str(code), detail)
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def _validation_error(detail: Any) -> Response:
    if isinstance(detail, list):
        return _response(400, "invalid", " ".join(map(str, detail)))
    general = detail.get("non_field_errors") or [_("Please check what you sent.")]
    fields = {name: messages for name, messages in detail.items() if name != "non_field_errors"}
    return _response(400, "invalid", " ".join(map(str, general)), fields=fields)


def _response(
    status: int, code: str, detail: Any, *, fields: Any = None, retry_after: int | None = None
) -> Response:
    response = Response(error_body(code, detail, fields), status=status)
    if retry_after is not None or status == HTTPStatus.TOO_MANY_REQUESTS:
        response["Retry-After"] = str(retry_after or DEFAULT_RETRY_SECONDS)
    return response
