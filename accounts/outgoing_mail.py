"""E-mail: sent by a background thread, and limited for each address.

So a slow mail server delays no request, and the time an answer takes does not tell whether a message was sent.
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
    """Count one more message that anybody can request, and return whether ``STEMOTECA_RATE_MAIL`` allows it.

    Nobody is told when it does not. The owner of a flooded address loses nothing: each of the links that arrived
    works, and signing in resets the limit. Addresses without an account belong to strangers, so they are limited for
    each network, too.
    """
    if template not in {RESET, NO_ACCOUNT, HAS_ACCOUNT}:
        return True
    allowed = _rate(template, address).is_allowed()
    if template == NO_ACCOUNT:
        return KeyThrottle("mail", f"network-{network}").is_allowed() and allowed
    return allowed


@receiver(user_logged_in)
def reset_limit(user: Any, **_more: Any) -> None:
    """Allow new links for a new password: signing in has invalidated those that were sent."""
    if isinstance(user, User):
        _rate(RESET, user.email).reset()


def send(message: EmailMessage) -> None:
    """Send ``message`` in the background; a failure is logged."""
    executor.submit(_send, message)


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except Exception as error:  # noqa: BLE001  # the request has been answered; any failure is logged
        log.warning("sending mail failed: %s", error)


def _rate(template: str, address: str) -> KeyThrottle:
    return KeyThrottle("mail", f"{template.rpartition('/')[2]}-{digest(address)}")
