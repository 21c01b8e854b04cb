"""Who may have which part of a separation, and through which track they see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, IntegerField, Value, When

from accounts.models import User
from catalog.models import Track
from separation.models import Separation

VISITORS_CODEC = "mp3"
VISITORS_STEMS = 2


@dataclass(frozen=True)
class Seen:
    """A separation as somebody sees it: through their own track, or the shared one.

    ``stems`` where they were read with those of other separations, see ``gathered.py``.
    """

    separation: Separation
    track: Track
    stems: Sequence[Any] | None = None


def track_for(separation: Separation, user: User | AnonymousUser) -> Track:
    """The track whose names ``user`` sees on this separation: their own first, else the shared one.

    Raises ``Track.DoesNotExist`` when there is none they may see.
    """
    own_first = Case(
        When(owner=None if user.is_anonymous else user.pk, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    tracks = Track.objects.visible_to(user).filter(audio=separation.mixture_id).with_names()
    track = tracks.order_by(own_first, "visibility", "created_at").first()
    if track is None:
        raise Track.DoesNotExist
    return track


def may_download(user: User | AnonymousUser, separation: Separation, codec: str) -> bool:
    """Accounts have every file. Visitors, where the settings let them: MP3 of separations in two stems."""
    if user.is_authenticated:
        return True
    return bool(
        settings.VISITOR_DOWNLOADS
        and codec == VISITORS_CODEC
        and len(separation.stems.all()) == VISITORS_STEMS
    )


def codec_for(user: User | AnonymousUser, codec: str) -> str:
    """``codec``, or where none was asked for the best that this person may have."""
    return codec or ("flac" if user.is_authenticated else VISITORS_CODEC)
