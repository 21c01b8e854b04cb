"""E-mail: sent beside the request that caused it, and no more of it than a mailbox can bear.

A thread sends, so a slow mail server holds up nobody, and how long an answer takes does not tell whether a
message was sent.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from django.contrib.auth import user_logged_in
from django.core.mail import EmailMessage
from django.dispatch import receiver

from accounts.models import User
from accounts.security.throttles import KeyThrottle, digest

RESET: Final = "account/email/password_reset_key"
NO_ACCOUNT: Final = "account/email/unknown_account"
HAS_ACCOUNT: Final = "account/email/account_already_exists"

log = logging.getLogger(__name__)
executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def may_be_sent(template: str, address: str, network: str) -> bool:
    """Whether one more message that anybody can request may go to ``address`` (``STEMOTECA_RATE_MAIL``).

    Nobody is told when it may not. A flood of links for a new password keeps their owner from nothing: any of the
    links that came works, and who signs in may ask for new ones. Addresses without an account belong to strangers:
    one network may bother few of them.
    """
    if template not in {RESET, NO_ACCOUNT, HAS_ACCOUNT}:
        return True
    allowed = _rate(template, address).is_allowed()
    if template == NO_ACCOUNT:
        return KeyThrottle("mail", f"network-{network}").is_allowed() and allowed
    return allowed


@receiver(user_logged_in)
def allow_again(user: Any, **_more: Any) -> None:
    """Signing in makes the links that were sent useless, so others may be asked for."""
    if isinstance(user, User):
        _rate(RESET, user.email).forget()


def send(message: EmailMessage) -> None:
    """Send ``message`` in the background; a mail server that is away is a line in the log."""
    executor.submit(_send, message)


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except Exception as error:  # noqa: BLE001  # whatever a mail server does, the page was answered
        log.warning("a message could not be sent: %s", error)


def _rate(template: str, address: str) -> KeyThrottle:
    return KeyThrottle("mail", f"{template.rpartition('/')[2]}-{digest(address)}")
