"""What every API answer has in common: the form of errors, and how bodies are read.

The settings name these by string. No view is imported here: importing a view imports the settings' classes.
"""

import io
import json
import sys
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.security import throttles
from catalog.errors import CatalogError
from catalog.storage import backend
from catalog.uploads.admission import most_bytes, too_large
from catalog.uploads.policy import POLICY

NOT_FOUND = _("There is nothing at this address, or it is not for you.")
SHORT_RETRY_SECONDS = 10  # for what passes by itself
RETRY_SECONDS = 60  # what a full queue asks a client to wait, since nobody knows when it will be shorter


class JsonParser(JSONParser):
    """JSON that cannot be used to fill the memory or to exhaust the stack."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        length = str(parser_context["request"].META.get("CONTENT_LENGTH") or "0")
        if not length.isdigit() or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        body = stream.read()
        try:
            data = super().parse(io.BytesIO(body), media_type, parser_context)
            if b"\\u" in body:  # half a character could neither be stored nor be answered
                json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise exceptions.ParseError(_("This JSON is nested too deeply.")) from error
        except UnicodeEncodeError as error:
            raise exceptions.ParseError(_("This JSON holds text that is no text.")) from error
        return data


class Negotiation(DefaultContentNegotiation):
    """Answers in the first format when the client asks for one that we do not have.

    Players ask for ``audio/*`` and browsers for ``text/html``; refusing them with 406 would help nobody.
    """

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        try:
            chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        except (exceptions.NotAcceptable, Http404):
            first: BaseRenderer = renderers[0]
            return first, first.media_type
        return chosen


def answer_error(error: Exception, _context: dict[str, Any]) -> Response | None:
    """``{"code", "detail", "fields"?}`` for what is the client's to solve; ``None`` (a 500) for the rest."""
    if isinstance(error, exceptions.APIException):
        return _answer_exception(error)
    if isinstance(error, CatalogError):
        return _answer(error.status, error.code, error.detail, fields=error.by_field, retry=error.retry_after)
    if isinstance(error, ValidationError):
        return _answer(400, "invalid", " ".join(error.messages))
    for kind, status, code, detail in PLAIN:
        if isinstance(error, kind):
            return _answer(status, code, detail)
    return None


PLAIN: tuple[tuple[type[Exception], int, str, Any], ...] = (
    (Http404, 404, "not_found", NOT_FOUND),
    (PermissionDenied, 403, "permission_denied", _("You may not do this.")),
    (RequestDataTooBig, 413, "too_large", _("The request is too large.")),
    (MultiPartParserError, 400, "parse_error", _("The request could not be read.")),
    (UnreadablePostError, 400, "parse_error", _("The request could not be read.")),
    (SuspiciousOperation, 400, "bad_request", _("The request could not be understood.")),
)


def _answer_exception(error: exceptions.APIException) -> Response:
    detail: Any = error.detail
    code: Any = error.get_codes()
    if isinstance(error, exceptions.ValidationError):
        return _answer_invalid(detail)
    if isinstance(error, exceptions.NotFound):
        # Whatever the reason: what somebody may not see and what does not exist look the same.
        return _answer(404, "not_found", NOT_FOUND)
    if isinstance(error, exceptions.Throttled):
        return _answer(429, str(code), throttles.explain(error), retry=throttles.seconds_left(error))
    if isinstance(detail, dict):  # the token library answers with a dictionary
        code, detail = detail.get("code", error.default_code), detail.get("detail", error.default_detail)
    response = _answer(error.status_code, str(code), detail)
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def _answer_invalid(detail: Any) -> Response:
    if isinstance(detail, list):
        return _answer(400, "invalid", " ".join(map(str, detail)))
    general = detail.get("non_field_errors") or [_("Please check what you sent.")]
    fields = {name: messages for name, messages in detail.items() if name != "non_field_errors"}
    return _answer(400, "invalid", " ".join(map(str, general)), fields=fields)


def _answer(status: int, code: str, detail: Any, *, fields: Any = None, retry: int | None = None) -> Response:
    response = Response(error_body(code, detail, fields), status=status)
    if retry is not None or status == HTTPStatus.TOO_MANY_REQUESTS:
        response["Retry-After"] = str(retry or RETRY_SECONDS)
    return response


def error_body(code: str, detail: Any, fields: Any = None) -> dict[str, Any]:
    body: dict[str, Any] = {"code": code, "detail": str(detail)}
    if fields:
        body["fields"] = fields
    return body


def plain_answer(status: int, code: str, detail: Any) -> HttpResponse:
    """The same form, for errors that happen outside any API view."""
    body = error_body(code, detail)
    return JsonResponse(
        body, status=status, json_dumps_params={"separators": (",", ":"), "ensure_ascii": False}
    )


def refuse(request: HttpRequest, error: CatalogError) -> HttpResponse:
    """A refusal outside any view, in the form of the API or as a page that asks nothing of the database."""
    if request.path.startswith("/api/"):
        answer = plain_answer(error.status, error.code, error.detail)
    else:
        with translation.override(translation.get_language_from_request(request)):
            page = {
                "heading": HEADINGS.get(error.status, HEADINGS[413]),
                "detail": error.detail,
                "limit": most_bytes(request.META.get(POLICY)) if error.code == "too_large" else None,
                "back": _page_before(request),
            }
            answer = HttpResponse(render_to_string("refused.html", page), status=error.status)
            answer["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
    if error.status in {429, 503}:
        answer["Retry-After"] = str(SHORT_RETRY_SECONDS)
    return answer


def _page_before(request: HttpRequest) -> str:
    """The page of ours that the request was sent from, if the browser tells."""
    before = request.headers.get("Referer", "")
    return before if url_has_allowed_host_and_scheme(before, request.get_host()) else ""


HEADINGS = {
    413: _("Too large"),
    429: _("Too much at once"),
    503: _("Not available just now"),
    507: _("No room left"),
}


def database_away(error: OperationalError | InterfaceError) -> CatalogError:
    """503 for a database that does not answer, 507 for one whose disk is full."""
    if "disk is full" in str(error) or "No space left" in str(error):
        return backend.no_space()
    return CatalogError(
        "database_away", _("The database does not answer just now. Try again in a moment."), status=503
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return refuse(request, exception if isinstance(exception, CatalogError) else too_large())
    if request.path.startswith("/api/"):
        return plain_answer(400, "bad_request", _("The request could not be understood."))
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        return plain_answer(404, "not_found", NOT_FOUND)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while it handles the exception; a database that is away is nobody's mistake."""
    error = sys.exception()
    if isinstance(error, OperationalError | InterfaceError):
        return refuse(request, database_away(error))
    if request.path.startswith("/api/"):
        return plain_answer(500, "server_error", _("Something went wrong on the server. It has been logged."))
    return defaults.server_error(request)
