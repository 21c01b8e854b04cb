"""How often passwords may be tried, and the only place where one is checked: website, admin panel, API.

======================  =====================================================================================
a client                ``STEMOTECA_RATE_TOKEN`` attempts; 100 wrong ones in ten minutes
a client, one account   10 wrong ones, then one attempt after 30 s, 1 min, 2 min, ... 1 h; forgotten after a day
all clients, one        from 100 wrong ones within the hour on, each client has 1 wrong attempt instead of 10
account
======================  =====================================================================================

A client is a known device (`devices`), else an address. So wrong passwords from elsewhere never keep anybody out: a
right one from another address or a known device is always let in at once. Who shares an attacker's address and comes
with a new device gets in by e-mail, by a code or by a link for a new password, which count nothing here
(`outgoing_mail`).

An attempt counts before its password is hashed, or a hundred at once would pass together; a right one is taken back.
"""

import logging
import time
from typing import Any, Final

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from rest_framework.exceptions import Throttled

from accounts.models import User, UserManager
from accounts.security.devices import DEVICE, client_of
from accounts.security.throttles import KeyThrottle, TooManyAttempts, digest, limits

FREE: Final = 10
FREE_UNDER_ATTACK: Final = 1
ATTACK: Final = 100  # wrong passwords for one account within `ATTACK_SECONDS`
ATTACK_SECONDS: Final = 3_600
MOST_WRONG: Final = 100  # of one client within `WRONG_SECONDS`, whatever the account
WRONG_SECONDS: Final = 600
FIRST_DELAY, LONGEST_DELAY = 30, 3_600
FORGET_SECONDS: Final = 86_400

log = logging.getLogger(__name__)


class Attempt:
    """One password tried for one account."""

    def __init__(self, request: HttpRequest, address: str) -> None:
        now = time.time()
        account = digest(address)
        self.client = client_of(request, address)
        self._address = address
        self._now = now
        self._pair = f"wrong-{self.client}-{account}"
        self._wait = f"{self._pair}-wait"
        self._window = f"wrong-{self.client}-{int(now // WRONG_SECONDS)}"
        # Those of a known device tell nothing about an attack from elsewhere.
        self._total = (
            "" if self.client.startswith(DEVICE) else f"wrong-{account}-{int(now // ATTACK_SECONDS)}"
        )

    def begin(self) -> None:
        """Count the attempt; ``TooManyAttempts`` or ``Throttled``, with nothing counted, if it comes too early."""
        self._refuse_before(limits.get(self._wait, 0))
        rate = KeyThrottle("token", self.client)
        if not rate.is_allowed():
            raise Throttled(rate.wait())
        if _count(self._window, WRONG_SECONDS) > MOST_WRONG:
            _discount(self._window)
            self._refuse_before((self._now // WRONG_SECONDS + 1) * WRONG_SECONDS)
        tried = _count(self._pair, FORGET_SECONDS)
        free = FREE_UNDER_ATTACK if limits.get(self._total, 0) >= ATTACK else FREE
        if tried >= free:
            delay = min(FIRST_DELAY * 2 ** min(tried - free, 10), LONGEST_DELAY)
            if not limits.add(self._wait, self._now + delay, delay):  # another attempt came first
                _discount(self._pair)
                _discount(self._window)
                raise self._too_early(limits.get(self._wait, 0))
        if self._total:
            _count(self._total, ATTACK_SECONDS)

    def succeed(self) -> None:
        """Take the attempt back, and forget the wrong ones of this client for this account."""
        limits.delete_many([self._pair, self._wait])
        _discount(self._window)
        _discount(self._total)

    def _refuse_before(self, moment: float) -> None:
        if moment > self._now:
            raise self._too_early(moment)

    def _too_early(self, moment: float) -> TooManyAttempts:
        log.warning("sign-in refused: too many wrong passwords from %s for %r", self.client, self._address)
        return TooManyAttempts(max(1, moment - self._now))


def _count(key: str, seconds: int) -> int:
    """Add one to a counter that is forgotten ``seconds`` after it was last counted."""
    limits.add(key, 0, seconds)
    try:
        count = int(limits.incr(key))
    except ValueError:  # forgotten this very moment
        limits.set(key, 1, seconds)
        return 1
    limits.touch(key, seconds)
    return count


def _discount(key: str) -> None:
    if key and limits.get(key, 0) > 0:
        limits.decr(key)


class PasswordBackend(AuthenticationBackend):
    """Checks address and password: one account, one hash, known or not."""

    def authenticate(  # type: ignore[override]  # allauth's own differs from Django's as well
        self, request: HttpRequest | None, **credentials: Any
    ) -> User | None:
        """Return who signs in; ``TooManyAttempts`` before anything is looked up if it comes too early."""
        address = attempted_address(credentials)
        if not address or not credentials.get("password"):
            return None
        attempt = Attempt(request, address) if request is not None else None
        if attempt:
            attempt.begin()
        user = super().authenticate(request, **credentials)
        if not isinstance(user, User):
            return None
        if attempt:
            attempt.succeed()
        return user

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:  # noqa: ARG002
        """Look the account up by the address it signs in with, and by none that was never confirmed."""
        user = User.objects.filter(email=attempted_address(credentials)).first()
        found: AbstractBaseUser | None = self._check_password(user, str(credentials.get("password")))
        return found


def attempted_address(credentials: dict[str, Any]) -> str:
    """Whose password was tried. The API and the website name that field differently from the admin panel."""
    return UserManager.normalize_email(str(credentials.get("email") or credentials.get("username") or ""))[
        :254
    ]
