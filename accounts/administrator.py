"""The account that looks after the installation."""

import secrets

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email

from accounts.models import User


def get_or_create_administrator() -> tuple[User, str]:
    """Return the oldest active superuser, created if there is none, and its password if it was created, else ``""``.

    A new one has the address ``STEMOTECA_ADMIN_EMAIL``, by default one that reaches nobody. An account that already
    has this address becomes the administrator and keeps its password. Raises CommandError for a wrong address.
    """
    known = User.objects.filter(is_superuser=True, is_active=True).order_by("date_joined").first()
    if known:
        return known, ""
    email = settings.ADMIN_EMAIL
    try:
        validate_email(email)
    except ValidationError as error:
        raise CommandError(f"STEMOTECA_ADMIN_EMAIL must be an e-mail address, not {email!r}") from error
    password = secrets.token_urlsafe(12)
    user = User.objects.filter(email=User.objects.normalize_email(email)).first()
    if user is None:
        return User.objects.create_superuser(email, password), password
    user.is_staff = user.is_superuser = user.is_active = True
    user.save(update_fields=["is_staff", "is_superuser", "is_active"])
    return user, ""
