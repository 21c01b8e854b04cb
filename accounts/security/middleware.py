"""Middleware for sign-in: device cookies, and pages for 429."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.exceptions import Throttled

from accounts.security.devices import set_device_cookie
from accounts.security.throttles import TooManyAttempts, TooManyCodes, explain, retry_after


class SignInMiddleware:
    """Set device cookies, and answer ``Throttled`` with a page. The API answers its own errors."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        set_device_cookie(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Throttled):
            return None
        context = {
            "detail": explain(exception),
            "by_code": isinstance(exception, TooManyAttempts),
            "by_link": isinstance(exception, (TooManyAttempts, TooManyCodes)),
        }
        response = render(request, "429.html", context, status=429)
        response["Retry-After"] = str(retry_after(exception))
        return response
