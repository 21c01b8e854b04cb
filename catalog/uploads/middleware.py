"""Middleware that admits or refuses a request's body by its headers."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.security.client_address import client_network
from catalog.error_responses import error_response
from catalog.errors import CatalogError
from catalog.uploads import PENDING_BODY
from catalog.uploads.admission import PendingBody, admit, check_size
from catalog.uploads.handlers import close_files
from catalog.uploads.policy import POLICY, policy_of


class UploadAdmissionMiddleware:
    """Refuse a body before a byte of it is read: from visitors, where none belongs, and where the disk has no room.

    It stands before ``CsrfViewMiddleware``, which would read the whole form. Our own server sends the headers alone
    first (``operations/server/body.py``) and takes status 100 as permission to read the body; behind any other server
    the same check happens when the request begins.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            close_files(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        pending: PendingBody | None = request.META.get(PENDING_BODY)
        policy = request.META[POLICY] = policy_of(view)
        length = _content_length(request)
        form = request.content_type == "multipart/form-data"
        if pending is None and length <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE and not (policy and form):
            return None
        if policy is not None and (refusal := _refuse_visitor(request, view, args, kwargs)) is not None:
            return refusal
        if policy is not None and policy.permission and not request.user.has_perm(policy.permission):
            raise PermissionDenied
        try:
            if pending is None:
                check_size(policy, request.user, length)
                return None
            admit(pending, policy, request.user, client_network(request))
        except CatalogError as error:
            return error_response(request, error)
        return HttpResponse(status=100)


def _content_length(request: HttpRequest) -> int:
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(length) if length.isdecimal() else 0


def _refuse_visitor(
    request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> HttpResponseBase | None:
    """Return the response for who may not send anything to this view, None for others.

    For the API it is what the view itself would answer.
    """
    if not hasattr(view, "cls"):
        return None if request.user.is_authenticated else redirect_to_login(request.get_full_path())
    api = view.cls(**view.initkwargs)
    api.setup(request, *args, **kwargs)
    api.request = drf_request = api.initialize_request(request, *args, **kwargs)
    api.headers, api.format_kwarg = api.default_response_headers, None
    # A token among the fields of the form is checked when the form is read.
    checks = getattr(request, "_dont_enforce_csrf_checks", False)
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # noqa: SLF001 (as Django's test client does)
    try:
        drf_request.accepted_renderer, drf_request.accepted_media_type = api.perform_content_negotiation(
            drf_request
        )
        api.perform_authentication(drf_request)
        api.check_permissions(drf_request)
    except Exception as error:  # noqa: BLE001 (the view's own handler raises what it does not know)
        refused: HttpResponseBase = api.finalize_response(
            drf_request, api.handle_exception(error), *args, **kwargs
        )
        return refused
    finally:
        request._dont_enforce_csrf_checks = checks  # type: ignore[attr-defined]  # noqa: SLF001
    return None
