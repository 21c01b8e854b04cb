"""Who may see, hear and download a separation, and through which track."""

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, IntegerField, QuerySet, Value, When

from accounts.models import User
from catalog.models import Track
from separation.models import Separation, Status, Stem, TrackSeparation

VISITOR_CODEC = "mp3"
VISITOR_STEMS = 2


@dataclass(frozen=True)
class VisibleSeparation:
    """A separation as one person sees it: through their own track, or through the shared one.

    ``separation`` is a copy for reading, with the dates and the status that ``track`` shows (see ``TrackSeparation``).
    ``stems`` where a list has read them for many separations at once; None: read them from the separation.
    """

    separation: Separation
    track: Track
    stems: Sequence[Any] | None = None

    @classmethod
    def through(
        cls, track: Track, separation: Separation, row: TrackSeparation, stems: Sequence[Any] | None = None
    ) -> Self:
        """Apply ``row``, which shows ``separation`` on ``track``.

        What was made before the request is dated like the request; what was stopped on this track is cancelled.
        """
        shown = copy(separation)
        shown.created_at = row.created_at
        if row.stopped_at is not None:
            shown.status, shown.finished_at, stems = Status.CANCELLED, row.stopped_at, ()
            shown.error_code = shown.error_detail = ""
        elif shown.finished_at is not None:
            shown.finished_at = max(shown.finished_at, row.created_at)
        if shown.status == Status.CANCELLED:  # its progress may be that of others who still wait for it
            shown.progress, shown.segments, shown.gain = 0.0, 0, 1.0
        return cls(shown, track, stems)

    @classmethod
    def of(cls, track: Track, separation: Separation) -> Self:
        """Read the row that shows ``separation`` on ``track``, and apply it.

        Raises ``TrackSeparation.DoesNotExist``.
        """
        return cls.through(track, separation, TrackSeparation.objects.get(track=track, separation=separation))


def shown_by(tracks: Sequence[Track]) -> QuerySet[TrackSeparation]:
    """Find what ``tracks`` show of the songs themselves, with each ``separation``."""
    return TrackSeparation.objects.filter(track__in=tracks).of_songs().select_related("separation")


def shown_under(stems: Collection[Stem], track: Track) -> QuerySet[TrackSeparation]:
    """Find what ``track`` shows under ``stems``, which are its own, with each ``separation``."""
    audio = {stem.audio_id for stem in stems} - {track.audio_id}
    rows = TrackSeparation.objects.filter(track=track, separation__mixture__in=audio)
    return rows.select_related("separation__mixture")


def stem_of(separation: Separation, track: Track) -> Stem | None:
    """Find the stem of ``track`` under which ``separation`` stands; None for a separation of the song."""
    if separation.mixture_id == track.audio_id:
        return None
    stems = Stem.objects.filter(audio=separation.mixture_id, separation__mixture=track.audio_id)
    return stems.select_related("separation").order_by("-separation__created_at").first()


def track_for(separation: Separation, user: User | AnonymousUser) -> Track:
    """Find the track through which ``user`` sees ``separation``: their own, else the shared one.

    Raises ``Track.DoesNotExist`` when they may see none.
    """
    own_first = Case(
        When(owner=None if user.is_anonymous else user.pk, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    rows = TrackSeparation.objects.filter(separation=separation).shown()
    tracks = Track.objects.visible_to(user).with_names().filter(pk__in=rows.values("track"))
    track = tracks.order_by(own_first, "visibility", "created_at").first()
    if track is None:
        raise Track.DoesNotExist
    return track


def may_download(user: User | AnonymousUser, separation: Separation, codec: str) -> bool:
    """Allow accounts every file, and visitors MP3 of separations into two stems if the settings do."""
    if user.is_authenticated:
        return True
    return bool(
        settings.VISITOR_DOWNLOADS and codec == VISITOR_CODEC and len(separation.stems.all()) == VISITOR_STEMS
    )


def codec_or_best(user: User | AnonymousUser, codec: str) -> str:
    """Return ``codec``, or for an empty one the best that ``user`` may have."""
    return codec or ("flac" if user.is_authenticated else VISITOR_CODEC)
