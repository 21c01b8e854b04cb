"""allauth's forms, with a display name, and with the same timing for addresses with and without an account."""

from typing import Any, cast

from allauth.account.forms import RequestLoginCodeForm as AllauthRequestLoginCodeForm
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.forms import default_token_generator
from allauth.core import context
from django import forms
from django.contrib.auth.hashers import make_password
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import User, UserManager
from accounts.security.devices import client_of
from accounts.security.throttles import KeyThrottle, TooManyCodes, digest


class SignupForm(AllauthSignupForm):
    display_name = forms.CharField(label=_("Your name"), max_length=80, required=False)

    field_order = ["display_name", "email", "password1"]

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Hash the password also where nothing is saved, so that an address with an account takes as long."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        saved: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return saved

    def save(self, request: HttpRequest) -> User:
        user = cast("User", super().save(request))
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])
        return user


def reached_by(email: str) -> list[User]:
    """Return the accounts that sign in with this address or have confirmed it."""
    confirmed = Q(emailaddress__email=email, emailaddress__verified=True)
    return list(User.objects.filter(Q(email=email) | confirmed, is_active=True).distinct())


class ResetPasswordForm(AllauthResetPasswordForm):
    def clean_email(self) -> str:
        email = UserManager.normalize_email(self.cleaned_data["email"])
        self.users = reached_by(email)
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Generate a token also where there is no account, so that it takes as long."""
        if not self.users:
            default_token_generator.make_token(User())
        email: str = super().save(request, **kwargs)
        return email


class RequestLoginCodeForm(AllauthRequestLoginCodeForm):
    def clean_email(self) -> str:
        """Limit the codes by client and address, and by address.

        A code works only in the browser that asked for it, so a flood of requests can leave the owner without one;
        links for a new password cannot be used up like that (``outgoing_mail``).
        """
        email = UserManager.normalize_email(self.cleaned_data["email"])
        who = client_of(context.request, email)
        for scope, key in (("mail", f"code-{who}-{digest(email)}"), ("codes", digest(email))):
            throttle = KeyThrottle(scope, key)
            if not throttle.is_allowed():
                raise TooManyCodes(throttle.wait())
        self._user = next(iter(reached_by(email)), None)
        return email
