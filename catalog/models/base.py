"""Abstract models and query expressions of the catalogue."""

import uuid
from typing import Any

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Count, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull
from django.utils.translation import gettext_lazy as _


def file_storage() -> Storage:
    """Return the storage of every file the catalogue names."""
    return storages["files"]


def counted(rows: "models.QuerySet[Any]", by: str) -> Coalesce:
    """Count ``rows``, which name the outer row in their field ``by``."""
    counts = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts), 0)


def any_of(rows: "models.QuerySet[Any]") -> IsNull:
    """Whether there are such ``rows``, which name the outer row.

    Not ``Exists``: PostgreSQL may answer that by reading all rows of the inner table once, which for the first
    page of a long list costs a hundred times what looking up each of its lines does.
    """
    return IsNull(Subquery(rows.order_by().values("pk")[:1]), rhs=False)


class Row(models.Model):
    """An opaque id and the time the row was made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True, db_index=True)

    class Meta:
        abstract = True


class Name(Row):
    """An artist or an album; ``private_to`` is the only account that has songs of it, None for a shared one.

    See ``catalog/uploads/private_names.py``.
    """

    private_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,  # may outlive the account: the collector removes it with the songs
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("private to"),
    )

    class Meta(Row.Meta):
        abstract = True
