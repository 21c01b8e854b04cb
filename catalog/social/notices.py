"""Notices to accounts, on the site and, for those who want it, by e-mail.

A notice is created in the transaction that causes it. Its mail is sent after the commit, by a background thread: a
slow mail server delays no request, and one that cannot be reached is a line in the log.
"""

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.site_url import absolute_url
from catalog.models import Notice, Track
from catalog.visibility import visible_to

log = logging.getLogger(__name__)

KEEP_SEEN = timedelta(days=90)
MOST_COUNTED = 99

_post = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def notify(
    user: User,
    kind: Notice.Kind,
    *,
    track: Track | None = None,
    text: "str | Promise" = "",
    mail: bool = True,
) -> None:
    """Give ``user`` a notice, and a mail about it if they want mail. Call it inside the transaction.

    ``text`` is kept in the person's language. A notice goes with its ``track``: leave that out for one that is
    being taken away. ``mail`` false: more of the same kind is on its way, and the last one brings the mail.
    """
    notify_all([user], kind, track=track, text=text, mail=mail)


def notify_all(
    users: Iterable[User],
    kind: Notice.Kind,
    *,
    track: Track | None = None,
    text: "str | Promise" = "",
    mail: bool = True,
) -> None:
    """Notify many people."""
    people = [user for user in users if user.is_active]
    rows = []
    for user in people:
        with translation.override(language_of(user)):
            rows.append(Notice(user=user, kind=kind, track=track, text=str(text)[:500]))
    Notice.objects.bulk_create(rows)
    Notice.objects.filter(user__in=people, seen_at__lt=timezone.now() - KEEP_SEEN).delete()
    for notice in rows if mail else ():
        if notice.user.mail_notices:
            message = _letter(notice)
            transaction.on_commit(lambda letter=message: _post.submit(_send, letter), robust=True)  # type: ignore[misc]  # a default binds it


def of(user: User) -> QuerySet[Notice]:
    """Return the notices of ``user``, the newest first; none about a track that they may no longer see."""
    rows = Notice.objects.filter(Q(track=None) | visible_to(user, "track"), user=user)
    return rows.select_related("track__artist").order_by("-created_at", "pk")


def unseen(user: User | AnonymousUser) -> int:
    """Count the notices that ``user`` has not seen, up to 100."""
    if user.is_anonymous:
        return 0
    return of(user).filter(seen_at=None).order_by()[: MOST_COUNTED + 1].count()


def mark_seen(user: User) -> int:
    """Mark all notices of ``user`` as seen; returns how many were new."""
    return Notice.objects.filter(user=user, seen_at=None).update(seen_at=timezone.now())


def sentence(notice: Notice) -> str:
    """Say what a notice is about, in the active language."""
    label = str(notice.get_kind_display())
    if notice.track is None:
        return label
    return f"{label}: {notice.track.artist.shown} - {notice.track.title}"


def language_of(user: User) -> str:
    """Return the language ``user`` chose, else that of the installation."""
    return user.language or settings.LANGUAGE_CODE


def _letter(notice: Notice) -> EmailMessage:
    """Write the mail about ``notice`` while its transaction is open, so that sending needs no database."""
    user = notice.user
    with translation.override(language_of(user)):
        subject = sentence(notice)
        paragraphs = [subject, notice.text]
        if notice.track is not None:
            paragraphs.append(_address("track", notice.track.pk))
        others = unseen(user) - 1
        if others > 0:
            words = ngettext(
                "There is %(n)d more notice for you on the site.",
                "There are %(n)d more notices for you on the site.",
                others,
            )
            paragraphs.append(words % {"n": others} + f"\n{_address('notices')}".rstrip())
        paragraphs.append(_("You get this because you asked for e-mail in your account."))
    body = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return EmailMessage(" ".join(subject.split())[:200], body + "\n", to=[user.email])


def _address(name: str, *args: object) -> str:
    """Return the address of a page, ``""`` where ``STEMOTECA_URL`` is not set."""
    return absolute_url(reverse(name, args=args))


def _send(letter: EmailMessage) -> None:
    try:
        letter.send()
    except Exception as error:  # noqa: BLE001  # whatever a mail server does, the notice is there
        log.warning("a notice could not be mailed: %s", error)
