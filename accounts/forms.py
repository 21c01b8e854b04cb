"""Sign-up with a name that others see."""

from typing import cast

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class SignupForm(AllauthSignupForm):
    display_name = forms.CharField(label=_("Your name"), max_length=80, required=False)

    field_order = ["display_name", "email", "password1"]

    def save(self, request: HttpRequest) -> User:
        user = cast("User", super().save(request))
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])
        return user
