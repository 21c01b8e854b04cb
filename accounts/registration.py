"""Making an account from outside a form."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import send_verification_email_for_user
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts.models import User, UserManager


class AddressTakenError(Exception):
    """There is an account of this address already, and the person may be told."""


def register(request: HttpRequest, *, email: str, password: str, display_name: str = "") -> User | None:
    """Make an account; with verification on, send the link that proves the address.

    An address that has an account already is told apart only where it must be. With verification on, the
    outside sees the same in both cases (``None`` is returned) and the owner of the address gets a message
    instead. With verification off there is no message, and somebody who forgot their account would be left
    with a "success" that does not let them in: ``AddressTakenError``. The rate of registrations bounds what
    can be asked that way.
    """
    email = UserManager.normalize_email(email)
    user = _create(email, password, display_name)
    if user is None:
        if not settings.VERIFY_EMAIL:
            raise AddressTakenError
        make_password(password)  # takes as long as making the account does
        get_adapter(request).send_account_already_exists_mail(email)
    elif settings.VERIFY_EMAIL:
        send_verification_email_for_user(request, user)
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
    except IntegrityError:  # somebody was quicker
        return None
    return user
