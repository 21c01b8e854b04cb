"""The search of lists in the admin site: a separation by its id, or songs by words."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.admin.base import as_id, find_audio
from separation.models import Stem

SEARCH_HELP = _("Words of a song, or the id of a separation.")


def matching(words: str, separation: str, mixture: str) -> Q:
    """Match rows of the separation with that id, or of the songs that have the words, and of their stems.

    ``separation`` and ``mixture`` are the lookups from a row to its separation and to its mixture.
    """
    if (pk := as_id(words)) is not None:
        return Q(**{separation: pk})
    songs = find_audio(words)
    stems = Stem.objects.filter(separation__mixture__in=songs).order_by().values("audio")
    return Q(**{f"{mixture}__in": songs}) | Q(**{f"{mixture}__in": stems})
