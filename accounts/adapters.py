"""How sign-up and sign-in behave on this installation."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth passes it
        """Registration is a setting: a school may want to make its accounts itself."""
        return bool(settings.REGISTRATION)
