"""Who may have which part of a separation, and through which track they see it."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from accounts.models import User
from catalog.models import Track
from separation.models import Separation, Status, TrackSeparation

VISITORS_CODEC = "mp3"
VISITORS_STEMS = 2


@dataclass(frozen=True)
class Seen:
    """A separation as somebody sees it: through their own track, or the shared one.

    ``separation`` is a copy for reading: its dates and its status are those of the track, see ``TrackSeparation``.
    ``stems`` where they were read with those of other separations, see ``gathered.py``.
    """

    separation: Separation
    track: Track
    stems: Sequence[Any] | None = None

    @classmethod
    def through(
        cls, track: Track, separation: Separation, row: TrackSeparation, stems: Sequence[Any] | None = None
    ) -> Self:
        """``separation`` as requested and made for ``track``. What was made before counts from the request on."""
        seen = copy(separation)
        seen.created_at = row.created_at
        if row.stopped_at is not None:
            seen.status, seen.finished_at, stems = Status.CANCELLED, row.stopped_at, ()
            seen.error_code = seen.error_detail = ""
        elif seen.finished_at is not None:
            seen.finished_at = max(seen.finished_at, row.created_at)
        if seen.status == Status.CANCELLED:  # how far it came may be how far others let it come
            seen.progress, seen.segments, seen.gain = 0.0, 0, 1.0
        return cls(seen, track, stems)

    @classmethod
    def of(cls, track: Track, separation: Separation) -> Self:
        """The same, where its row has yet to be read. Raises ``TrackSeparation.DoesNotExist``."""
        return cls.through(track, separation, TrackSeparation.objects.get(track=track, separation=separation))


def shown_by(tracks: Sequence[Track]) -> QuerySet[TrackSeparation]:
    """What ``tracks`` show, with its ``separation``: of a track that was merged nothing of its former audio."""
    rows = TrackSeparation.objects.filter(track__in=tracks, track__audio=F("separation__mixture"))
    return rows.select_related("separation")


def track_for(separation: Separation, user: User | AnonymousUser) -> Track:
    """The track through which ``user`` sees this separation: their own first, else the shared one.

    Raises ``Track.DoesNotExist`` when there is none they may see.
    """
    own_first = Case(
        When(owner=None if user.is_anonymous else user.pk, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    tracks = Track.objects.visible_to(user).with_names()
    tracks = tracks.filter(audio=separation.mixture_id, track_separations__separation=separation)
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
