"""The search of lists in the admin site: a separation by its id, or songs by words."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.admin.base import as_id, find_audio
from separation.models import Separation, Stem

SEARCH_HELP = _("Words of a song, or the id of a separation.")


def matching(words: str, separation: str) -> Q:
    """Match rows of the separation with that id, or of those of the songs that have the words, and of their stems.

    ``separation`` is the lookup from a row to its separation.
    """
    if (pk := as_id(words)) is not None:
        return Q(**{separation: pk})
    songs = find_audio(words)
    stems = Stem.objects.filter(separation__mixture__in=songs).order_by().values_list("audio", flat=True)
    # Ids rather than subqueries: PostgreSQL would read whole tables for one condition or another.
    found = Separation.objects.filter(mixture__in=[*songs, *stems]).order_by().values_list("pk", flat=True)
    return Q(**{f"{separation}__in": list(found)})
