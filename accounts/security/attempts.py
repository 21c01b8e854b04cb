"""Limits on password attempts, and the one backend that checks passwords: for website, admin site and API.

======================  =====================================================================================
a client                ``STEMOTECA_RATE_TOKEN`` attempts; 100 wrong ones in ten minutes
a client, one account   10 wrong ones, then one attempt after 30 s, 1 min, 2 min, ... 1 h; forgotten after a day
all clients, one        from 100 wrong ones within the hour on, each client has 1 wrong attempt instead of 10
account
======================  =====================================================================================

A client is a known device (``devices``), else a network. So wrong passwords from elsewhere never lock anybody out: the
right one from another address or a known device is accepted at once. Somebody with a new device behind an attacker's
address signs in by e-mail, with a code or a link for a new password, neither of which is counted here
(``outgoing_mail``).

No library does it: django-axes counts after the password was hashed, so that concurrent attempts pass together, writes
a row for each attempt, and locks for a fixed time whoever shares an address. Here an attempt is counted before its
password is hashed; one with the right password is not counted in the end.
"""

import logging
import time
from typing import Any, Final

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from rest_framework.exceptions import Throttled

from accounts.models import User, UserManager
from accounts.security.devices import DEVICE_PREFIX, client_of
from accounts.security.throttles import KeyThrottle, TooManyAttempts, digest, limits

FREE_ATTEMPTS: Final = 10
FREE_ATTEMPTS_UNDER_ATTACK: Final = 1
ATTACK_THRESHOLD: Final = 100  # wrong passwords for one account within `ATTACK_SECONDS`
ATTACK_SECONDS: Final = 3_600
MAX_WRONG: Final = 100  # of one client within `WRONG_SECONDS`, whatever the account
WRONG_SECONDS: Final = 600
MIN_DELAY_SECONDS: Final = 30
MAX_DELAY_SECONDS: Final = 3_600
EXPIRE_SECONDS: Final = 86_400

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
        # Attempts of a known device are no sign of an attack from elsewhere.
        self._total = (
            "" if self.client.startswith(DEVICE_PREFIX) else f"wrong-{account}-{int(now // ATTACK_SECONDS)}"
        )

    def begin(self) -> None:
        """Count the attempt. If it is too early, count nothing and raise ``TooManyAttempts`` or ``Throttled``."""
        self._refuse_before(limits.get(self._wait, 0))
        rate = KeyThrottle("token", self.client)
        if not rate.is_allowed():
            raise Throttled(rate.wait())
        if _increment(self._window, WRONG_SECONDS) > MAX_WRONG:
            _decrement(self._window)
            self._refuse_before((self._now // WRONG_SECONDS + 1) * WRONG_SECONDS)
        tried = _increment(self._pair, EXPIRE_SECONDS)
        free = FREE_ATTEMPTS_UNDER_ATTACK if limits.get(self._total, 0) >= ATTACK_THRESHOLD else FREE_ATTEMPTS
        if tried >= free:
            delay = min(MIN_DELAY_SECONDS * 2 ** min(tried - free, 10), MAX_DELAY_SECONDS)
            if not limits.add(self._wait, self._now + delay, delay):  # a concurrent attempt came first
                _decrement(self._pair)
                _decrement(self._window)
                raise self._too_early(limits.get(self._wait, 0))
        if self._total:
            _increment(self._total, ATTACK_SECONDS)

    def succeed(self) -> None:
        """Undo the count, and reset the wrong attempts of this client for this account."""
        limits.delete_many([self._pair, self._wait])
        _decrement(self._window)
        _decrement(self._total)

    def _refuse_before(self, moment: float) -> None:
        if moment > self._now:
            raise self._too_early(moment)

    def _too_early(self, moment: float) -> TooManyAttempts:
        log.warning("sign-in refused: too many wrong passwords from %s for %r", self.client, self._address)
        return TooManyAttempts(max(1, moment - self._now))


def _increment(key: str, seconds: int) -> int:
    """Increment a counter that expires ``seconds`` after its last increment; return the new count."""
    limits.add(key, 0, seconds)
    try:
        count = int(limits.incr(key))
    except ValueError:  # expired between the two calls
        limits.set(key, 1, seconds)
        return 1
    limits.touch(key, seconds)
    return count


def _decrement(key: str) -> None:
    if key and limits.get(key, 0) > 0:
        limits.decr(key)


class PasswordBackend(AuthenticationBackend):
    """Check address and password with exactly one hash, whether the account exists or not."""

    def authenticate(  # type: ignore[override]  # allauth's own differs from Django's as well
        self, request: HttpRequest | None, **credentials: Any
    ) -> User | None:
        """Return the account, or None. Raise ``TooManyAttempts``, before any look-up, if it is too early."""
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
        """Find the account by its primary address alone; others of its addresses may not be confirmed."""
        user = User.objects.filter(email=attempted_address(credentials)).first()
        found: AbstractBaseUser | None = self._check_password(user, str(credentials.get("password")))
        return found


def attempted_address(credentials: dict[str, Any]) -> str:
    """Return the normalised address of the account. The admin site calls that field ``username``."""
    return UserManager.normalize_email(str(credentials.get("email") or credentials.get("username") or ""))[
        :254
    ]
