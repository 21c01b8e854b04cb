"""Registration of an account without a form: for the API."""

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts.models import User, UserManager


class AddressTakenError(Exception):
    """There is an account of this address already, and the person may be told."""


def register(request: HttpRequest, *, email: str, password: str, display_name: str = "") -> User | None:
    """Create an account; with verification on, send the link that confirms the address.

    For an address that has an account already: with verification on, return ``None``, look the same from outside,
    and send its owner a message. With verification off no message can be trusted to arrive, so raise
    ``AddressTakenError``; the rate of registrations limits how many addresses can be probed that way.
    """
    email = UserManager.normalize_email(email)
    is_verified_first = settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory"
    user = _create(email, password, display_name)
    if user is None:
        if not is_verified_first:
            raise AddressTakenError
        make_password(password)  # as slow as creating the account
        get_adapter(request).send_account_already_exists_mail(email)
    elif is_verified_first:
        EmailAddress.objects.get(user=user, primary=True).send_confirmation(request)
    return user


def _create(email: str, password: str, display_name: str) -> User | None:
    if User.objects.filter(email=email).exists():
        return None
    try:
        with transaction.atomic():
            user = User(email=email, display_name=display_name)
            user.set_password(password)
            user.save()
            EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
    except IntegrityError:  # a concurrent registration of this address
        return None
    return user
