"""Songs that sound like one that is taken apart already: then a person is asked before the work is done again."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from catalog.fingerprints import Similar
from catalog.models import Match, Track
from separation.models import Status, TrackSeparation


def worth_asking(matches: Iterable[Similar]) -> Similar | None:
    """The first of these that sounds the same and is taken apart; names alone keep nobody waiting."""
    heard = [match for match in matches if match.similarity is not None]
    ready = set(
        _separated(Track.objects.filter(pk__in=[each.track.pk for each in heard])).values_list(
            "pk", flat=True
        )
    )
    return next((match for match in heard if match.track.pk in ready), None)


def others_like(track: Track, user: User | AnonymousUser) -> list[Track]:
    """Other songs that ``user`` may see, sound like this one, and are taken apart."""
    either = Match.objects.filter(Q(audio=track.audio_id) | Q(other=track.audio_id)).order_by("-similarity")
    pairs = either.values_list("audio", "other")[:20]
    others = {audio if other == track.audio_id else other for audio, other in pairs}
    if not others:
        return []
    seen = Track.objects.visible_to(user).exclude(pk=track.pk)
    alike = seen.filter(Q(audio__in=others) | Q(uploads__audio__in=others)).order_by().values("pk")
    done = _separated(Track.objects.with_names().filter(pk__in=alike))
    return list(done.order_by("created_at", "pk")[:3])


def _separated(tracks: QuerySet[Track]) -> QuerySet[Track]:
    done = TrackSeparation.objects.filter(separation__status=Status.SUCCEEDED, stopped_at=None)
    return tracks.filter(Exists(done.filter(track=OuterRef("pk"), separation__mixture=OuterRef("audio"))))
