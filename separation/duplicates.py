"""Songs that sound like a separated one, so that people can choose before the same work is done again."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from catalog.fingerprints import Similar
from catalog.models import Match, Track
from separation.models import Status, TrackSeparation


def worth_asking(matches: Iterable[Similar]) -> Similar | None:
    """Return the first separated match that sounds the same; matches by name alone are ignored."""
    similar = [match for match in matches if match.similarity is not None]
    tracks = Track.objects.filter(pk__in=[match.track.pk for match in similar])
    separated = set(_separated(tracks).values_list("pk", flat=True))
    return next((match for match in similar if match.track.pk in separated), None)


def similar_tracks(track: Track, user: User | AnonymousUser) -> list[Track]:
    """List up to three other separated songs that ``user`` may see and that sound like ``track``."""
    matches = Match.objects.filter(Q(audio=track.audio_id) | Q(other=track.audio_id)).order_by("-similarity")
    pairs = matches.values_list("audio", "other")[:20]
    others = {audio if other == track.audio_id else other for audio, other in pairs}
    if not others:
        return []
    visible = Track.objects.visible_to(user).exclude(pk=track.pk)
    similar = visible.filter(Q(audio__in=others) | Q(uploads__audio__in=others)).order_by().values("pk")
    separated = _separated(Track.objects.with_names().filter(pk__in=similar))
    return list(separated.order_by("created_at", "pk")[:3])


def _separated(tracks: QuerySet[Track]) -> QuerySet[Track]:
    finished = TrackSeparation.objects.filter(separation__status=Status.SUCCEEDED, stopped_at=None)
    return tracks.filter(Exists(finished.filter(track=OuterRef("pk"), separation__mixture=OuterRef("audio"))))
