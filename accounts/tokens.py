"""Bearer tokens: what makes them valid, and what ends them.

An access token lives an hour. A refresh token is used once: using it gives the next one of its *family* (all
that came from one sign-in). Using one twice means that somebody else has a copy, so the whole family ends. A
new password ends every token, access and refresh: each carries a mark of the password it was made under.
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
        except (ValidationError, ValueError, TypeError) as error:  # the id in it is not one of ours
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
        """End every refresh token of this sign-in."""
        family = str(self.payload[api_settings.JTI_CLAIM]).partition(".")[0]
        living = OutstandingToken.objects.filter(jti__startswith=f"{family}.", blacklistedtoken__isnull=True)
        BlacklistedToken.objects.bulk_create(
            [BlacklistedToken(token=token) for token in living], ignore_conflicts=True
        )

    def holder(self) -> User:
        """The account it was given to; ``AuthenticationFailed`` when it no longer opens that account."""
        bearer = BearerAuthentication()
        user: User = bearer.get_user(self)
        return user


def check_password(request: Request, email: str, password: str) -> User:
    """The account behind this address and password; ``AuthenticationFailed`` when there is none.

    Unknown, closed and wrong look and cost the same. After too many wrong ones ``TooManyAttempts`` (429).
    """
    http_request = request._request  # noqa: SLF001 (signals and backends are used to Django's)
    user = authenticate(http_request, email=UserManager.normalize_email(email), password=password)
    if not isinstance(user, User):
        raise AuthenticationFailed(_("The address or the password is wrong."), "wrong_credentials")
    if settings.VERIFY_EMAIL and not _is_verified(user):
        raise AuthenticationFailed(
            _("Please confirm your address first. We have sent you an e-mail."), "address_not_verified"
        )
    user_logged_in.send(sender=User, request=http_request, user=user)
    return user


def _is_verified(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, verified=True).exists())


def pair_for(user: User) -> dict[str, str]:
    """``{"access", "refresh"}`` of a new sign-in; the person's expired tokens are forgotten."""
    OutstandingToken.objects.filter(user=user, expires_at__lt=timezone.now()).delete()
    refresh = FamilyToken.for_user(user)
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


def rotate(text: str) -> dict[str, str]:
    """Use a refresh token up and give the next pair; ``AuthenticationFailed`` when it is not a living one."""
    token = _read(text)
    token.holder()
    with transaction.atomic():
        outcome: Any = token.blacklist()  # what get_or_create returns
        first = bool(outcome[1])
        if first:
            token.set_jti()
            token.set_exp()
            token.set_iat()
            token.outstand()
    if not first:  # two used it at the same moment
        token.revoke_family()
        raise InvalidToken
    return {"access": str(token.access_token), "refresh": str(token)}


def revoke(text: str) -> None:
    """Sign out: this refresh token and its family open nothing any more."""
    token = _read(text)
    token.blacklist()
    token.revoke_family()


def _read(text: str) -> FamilyToken:
    try:
        return FamilyToken(text)  # type: ignore[arg-type]  # the library's annotation names the wrong type
    except TokenError as error:
        raise InvalidToken from error
