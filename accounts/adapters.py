"""How sign-up and sign-in behave on this installation."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.password_reset import get_reset_password_url
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts import outgoing_mail
from accounts.language_cookie import remember
from accounts.models import User
from accounts.security.client_address import client_address, client_network
from accounts.security.pending_action import forget_elsewhere


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth passes it
        """Registration is a setting: a school may want to make its accounts itself."""
        return bool(settings.REGISTRATION)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Greet people in the language they chose last time; no older form waits for whoever signs in."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        forget_elsewhere(request, response.headers.get("Location", ""))
        if isinstance(user, User) and user.language:
            remember(response, user.language)
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the message in any case, so that answering takes as long whether it is sent or not."""
        about = {"request": self.request, "email": email, "current_site": get_current_site(self.request)}
        message = self.render_mail(template_prefix, email, about | context)
        if outgoing_mail.may_be_sent(template_prefix, email, client_network(self.request)):
            outgoing_mail.send(message)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell people what happened to their account in their own language."""
        more = {"password_reset_url": get_reset_password_url(self.request), **(context or {})}
        with translation.override(getattr(user, "language", "") or translation.get_language()):
            super().send_notification_mail(template_prefix, user, more, email)
