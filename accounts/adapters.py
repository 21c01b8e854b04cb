"""How sign-up, sign-in and their e-mails behave on this installation (allauth's adapter)."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation

from accounts import outgoing_mail
from accounts.language_cookie import set_language_cookie
from accounts.models import User
from accounts.security.client_address import client_address, client_network
from accounts.security.pending_action import discard_unless_resumed
from accounts.site_url import absolute_url


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth passes it
        """Return the setting: a school may want to make its accounts itself."""
        return bool(settings.REGISTRATION)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Switch to the language that the person chose, and discard an older pending action."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        discard_unless_resumed(request, response.headers.get("Location", ""))
        if isinstance(user, User) and user.language:
            set_language_cookie(response, user.language)
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render the message in any case, so that answering takes as long whether it is sent or not.

        Links lead to ``STEMOTECA_URL`` where that is set, whatever address the request was sent to.
        """
        links = {
            name: absolute_url(value) or value for name, value in context.items() if name.endswith("_url")
        }
        host = urlsplit(settings.SITE_URL).netloc or self.request.get_host()
        about = {"request": self.request, "email": email, "current_site": {"domain": host, "name": host}}
        message = self.render_mail(template_prefix, email, context | about | links)
        if outgoing_mail.may_be_sent(template_prefix, email, client_network(self.request)):
            outgoing_mail.send(message)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell people what happened to their account, in their own language."""
        reset = self.request.build_absolute_uri(reverse("account_reset_password"))
        with translation.override(getattr(user, "language", "") or translation.get_language()):
            super().send_notification_mail(
                template_prefix, user, {"password_reset_url": reset, **(context or {})}, email
            )
