"""Bearer tokens: how they are issued, rotated and revoked.

An access token lives an hour. A refresh token is used once: using it gives the next one of its *family* (all
that came from one sign-in). Using one twice means that somebody else has a copy, so the whole family is revoked.
A new password revokes every token, access and refresh: each carries a digest of the password hash it was issued under.
"""

from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import authenticate, user_logged_in
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, Token

from accounts.models import User, UserManager


class BearerAuthentication(JWTAuthentication):
    """``Authorization: Bearer <access token>``; the word may be written in any case, as HTTP says."""

    def get_raw_token(self, header: bytes) -> bytes | None:
        scheme, _space, rest = header.partition(b" ")
        return super().get_raw_token(b"Bearer " + rest) if scheme.lower() == b"bearer" else None

    def get_user(self, validated_token: Token) -> Any:
        try:
            return super().get_user(validated_token)
        except (ValidationError, ValueError, TypeError) as error:  # not the id of an account
            raise InvalidToken from error


class FamilyToken(RefreshToken):
    """A refresh token whose ``jti`` is ``<family>.<own>``."""

    def set_jti(self) -> None:
        family = str(self.payload.get(api_settings.JTI_CLAIM, "")).partition(".")[0] or uuid4().hex
        self.payload[api_settings.JTI_CLAIM] = f"{family}.{uuid4().hex}"

    def check_blacklist(self) -> None:
        try:
            super().check_blacklist()
        except TokenError:
            self.revoke_family()
            raise

    def revoke_family(self) -> None:
        """Blacklist every refresh token of this sign-in."""
        family = str(self.payload[api_settings.JTI_CLAIM]).partition(".")[0]
        valid = OutstandingToken.objects.filter(jti__startswith=f"{family}.", blacklistedtoken__isnull=True)
        BlacklistedToken.objects.bulk_create(
            [BlacklistedToken(token=token) for token in valid], ignore_conflicts=True
        )

    def check_user(self) -> None:
        """Raise ``AuthenticationFailed`` if the account is closed or its password has changed since."""
        BearerAuthentication().get_user(self)


def check_password(request: Request, email: str, password: str) -> User:
    """Return the account of this address and password; raise ``AuthenticationFailed`` if there is none.

    Unknown address, closed account and wrong password look and cost the same. Too many wrong ones raise
    ``TooManyAttempts`` (429).
    """
    http_request = request._request  # noqa: SLF001 (signals and backends expect Django's)
    user = authenticate(http_request, email=UserManager.normalize_email(email), password=password)
    if not isinstance(user, User):
        raise AuthenticationFailed(_("The address or the password is wrong."), "wrong_credentials")
    if settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory" and not _is_verified(user):
        raise AuthenticationFailed(
            _("Please confirm your address first. We have sent you an e-mail."), "address_not_verified"
        )
    user_logged_in.send(sender=User, request=http_request, user=user)
    return user


def _is_verified(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, verified=True).exists())


def pair_for(user: User) -> dict[str, str]:
    """Issue ``{"access", "refresh"}`` for a new sign-in, and delete the account's expired tokens."""
    OutstandingToken.objects.filter(user=user, expires_at__lt=timezone.now()).delete()
    refresh = FamilyToken.for_user(user)
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


def rotate(text: str) -> dict[str, str]:
    """Exchange a refresh token for the next pair; raise ``AuthenticationFailed`` if it is not valid any more."""
    token = _read(text)
    token.check_user()
    with transaction.atomic():
        outcome: Any = token.blacklist()  # what get_or_create returns
        first = bool(outcome[1])
        if first:
            token.set_jti()
            token.set_exp()
            token.set_iat()
            token.outstand()
    if not first:  # a concurrent request has used it
        token.revoke_family()
        raise InvalidToken
    return {"access": str(token.access_token), "refresh": str(token)}


def revoke(text: str) -> None:
    """Sign out: blacklist this refresh token and its family."""
    token = _read(text)
    token.blacklist()
    token.revoke_family()


def _read(text: str) -> FamilyToken:
    try:
        return FamilyToken(text)  # type: ignore[arg-type]  # the library's annotation names the wrong type
    except TokenError as error:
        raise InvalidToken from error
