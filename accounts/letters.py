"""E-mail: sent beside the request that caused it, and no more of it than a mailbox can bear.

A thread sends, so a slow mail server holds up nobody, and how long an answer takes does not tell whether a letter
was sent.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from django.contrib.auth import user_logged_in
from django.core.mail import EmailMessage
from django.dispatch import receiver

from accounts.models import User
from accounts.throttles import KeyThrottle, digest

RESET: Final = "account/email/password_reset_key"
NO_ACCOUNT: Final = "account/email/unknown_account"
HAS_ACCOUNT: Final = "account/email/account_already_exists"

log = logging.getLogger(__name__)
postman = ThreadPoolExecutor(max_workers=1, thread_name_prefix="letters")


def may_be_sent(template: str, address: str, network: str) -> bool:
    """Whether one more letter that anybody can ask for may go to ``address`` (``STEMOTECA_RATE_LETTERS``).

    Nobody is told when it may not. A flood of links for a new password keeps their owner from nothing: any of the
    links that came works, and who signs in may ask for new ones. Addresses without an account belong to strangers:
    one network may bother few of them.
    """
    if template not in {RESET, NO_ACCOUNT, HAS_ACCOUNT}:
        return True
    allowed = _rate(template, address).is_allowed()
    if template == NO_ACCOUNT:
        return KeyThrottle("letters", f"network-{network}").is_allowed() and allowed
    return allowed


@receiver(user_logged_in)
def allow_again(user: Any, **_more: Any) -> None:
    """Signing in makes the links that were sent useless, so others may be asked for."""
    if isinstance(user, User):
        _rate(RESET, user.email).forget()


def send(letter: EmailMessage) -> None:
    """Have ``letter`` sent; a mail server that is away is a line in the log."""
    postman.submit(_send, letter)


def _send(letter: EmailMessage) -> None:
    try:
        letter.send()
    except Exception as error:  # noqa: BLE001  # whatever a mail server does, the page was answered
        log.warning("a letter could not be sent: %s", error)


def _rate(template: str, address: str) -> KeyThrottle:
    return KeyThrottle("letters", f"{template.rpartition('/')[2]}-{digest(address)}")
