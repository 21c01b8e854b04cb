"""The search of lists in the admin panel: a separation by its id, or songs by words."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalog.admin.base import as_id, find_audio

SEARCH_HELP = _("Words of a song, or the id of a separation.")


def search(rows: QuerySet[Any], words: str, separation: str, mixture: str) -> QuerySet[Any]:
    """Find rows of the separation with that id, or of the songs that match the words.

    ``separation`` and ``mixture`` are the lookups from a row to its separation and to its mixture.
    """
    if not words.strip():
        return rows
    if (pk := as_id(words)) is not None:
        return rows.filter(**{separation: pk})
    return rows.filter(**{f"{mixture}__in": find_audio(words)})
