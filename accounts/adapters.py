"""How sign-up and sign-in behave on this installation."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse

from accounts.language import remember
from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth passes it
        """Registration is a setting: a school may want to make its accounts itself."""
        return bool(settings.REGISTRATION)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Greet people in the language they chose last time."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if isinstance(user, User) and user.language:
            remember(response, user.language)
        return response
