"""Tell administrators what nobody would notice: a scheduled backup that failed, files that are damaged."""

from django.db import transaction
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalog.models import Notice
from catalog.social.notices import notify_all

FAILED = gettext_lazy("The backup failed: {reason}")
DAMAGED = gettext_lazy("Stored files that are missing or damaged: {damaged}. The admin panel lists them.")


def backup_failed(reason: str) -> None:
    """Give every administrator a notice, unless they have one about it that they have not seen."""
    _notify(format_lazy(FAILED, reason=reason))


def files_damaged(damaged: int) -> None:
    """Give every administrator a notice."""
    _notify(format_lazy(DAMAGED, damaged=damaged))


def _notify(text: "str | Promise") -> None:
    kind = Notice.Kind.STORAGE
    told = Notice.objects.filter(kind=kind, seen_at=None).values("user")
    with transaction.atomic():
        notify_all(User.objects.filter(is_superuser=True).exclude(pk__in=told), kind, text=text)
