"""Setlists as M3U files for any player, and the addresses in them.

A player has neither our cookies nor our tokens, and the mixture itself is never sent; what it can play is a stem.
So the file names one stem of each song, by default what to play or sing along to. Where anybody may fetch that
(MP3 of two stems, see ``access.py``) it is the stem's plain address. Else it is a signed one that stands for the
person who took the file, for a week: it plays what they may have, as long as they may.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db.models import Q, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from audio.formats import OUTPUT
from catalog.errors import CatalogError
from catalog.models import Setlist, Track, Visibility
from catalog.social import setlists
from catalog.social.setlists import Line
from catalog.storage import encoding_pool, file_responses
from catalog.uploads.naming import safe_filename
from separation.delivery.downloads import download_name, stem_recipe
from separation.delivery.permissions import VISITORS_CODEC, may_download, shown_by, track_for
from separation.display_names import stem_label
from separation.models import Separation, Status, Stem

LASTS = timedelta(days=7)
SALT = "separation.delivery.m3u"
# What to practise with when nobody says which stem: everything but the singer, else what carries the song.
PREFERRED = ("accompaniment", "other", "piano", "bass", "drums", "vocals")


@require_safe
def own(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One's own setlist as an M3U file; ``?stem=`` chooses what of each song."""
    setlist = setlists.find(str(pk), request.user)
    if setlist is None:
        raise Http404
    return _answer(request, setlist)


@require_safe
def shared(request: HttpRequest, link: str) -> HttpResponse:
    """The same by a setlist's link."""
    setlist = setlists.find(link, request.user)
    if setlist is None or setlist.link != link:
        raise Http404
    return _answer(request, setlist)


@require_safe
def parts(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The parts of one song as an M3U file, from its richest separation that this person may have."""
    track = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    shown = shown_by([track]).filter(stopped_at=None, separation__status=Status.SUCCEEDED)
    ready = [row.separation for row in shown]
    prefetch_related_objects(ready, "stems")
    rows = ["#EXTM3U", f"#PLAYLIST:{track.artist.shown} - {track.title}"]
    for separation in sorted(ready, key=lambda row: -len(row.stems.all())):
        found = [(stem, _address(request, stem, track)) for stem in separation.stems.all()]
        if all(address for _stem, address in found):
            rows += [line for stem, address in found for line in (_title(track, stem), address)]
            break
    return _file(rows, track.title)


@require_safe
def listen(request: HttpRequest, token: str) -> HttpResponseBase:
    """A stem for a player that cannot sign in: ``token`` says which and for whom."""
    try:
        stem_id, user_id = signing.loads(token, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise Http404 from error
    user = get_object_or_404(User, pk=user_id, is_active=True)
    visible = Separation.objects.audible_to(user)
    stems = Stem.objects.filter(separation__in=visible).select_related("audio", "separation__mixture")
    stem = get_object_or_404(stems, pk=stem_id)
    if not may_download(user, stem.separation, VISITORS_CODEC):
        raise Http404
    try:
        track = track_for(stem.separation, user)
    except Track.DoesNotExist as error:
        raise Http404 from error
    recipe = stem_recipe(stem, track, VISITORS_CODEC, None)
    try:
        (made,) = encoding_pool.obtain([recipe], f"account {user.pk}", seconds=settings.ENCODING_WAIT_SECONDS)
    except CatalogError as error:
        return file_responses.plain(error)
    return file_responses.serve(
        request,
        made.key,
        filename=download_name(track, stem.name, OUTPUT[VISITORS_CODEC].extension),
        content_type=OUTPUT[VISITORS_CODEC].content_type,
        checksum=made.checksum,
        size=made.size,
    )


def _answer(request: HttpRequest, setlist: Setlist) -> HttpResponse:
    wanted = request.GET.get("stem", "")
    rows = playlist(request, setlist, setlists.lines_of(setlist, request.user), wanted)
    return _file(rows, setlist.title)


def _file(rows: Sequence[str], title: str) -> HttpResponse:
    answer = HttpResponse("\n".join(rows) + "\n", content_type="audio/x-mpegurl; charset=utf-8")
    filename = safe_filename(title, ".m3u8")
    answer["Content-Disposition"] = file_responses.content_disposition(filename, attachment=True)
    answer["Cache-Control"] = "private, no-store"
    return answer


def playlist(request: HttpRequest, setlist: Setlist, lines: Sequence[Line], wanted: str = "") -> list[str]:
    """Extended M3U: one entry for each song that has the stem and is for this person; comments for the rest."""
    found = stems_of([line.track for line in lines if line.track is not None], wanted)
    rows = ["#EXTM3U", f"#PLAYLIST:{setlist.title}"]
    for line in lines:
        track = line.track
        if track is None:
            rows.append("# " + _("Not available to you"))
            continue
        name = f"{track.artist.shown} - {track.title}"
        stem = found.get(track.pk)
        address = stem and _address(request, stem, track)
        if not stem or not address:
            rows.append(f"# {name}: " + _("nothing here that a player could play"))
            continue
        rows += [_title(track, stem), address]
    return rows


def _title(track: Track, stem: Stem) -> str:
    length = round(track.audio.duration)
    return f"#EXTINF:{length},{track.artist.shown} - {track.title} ({stem_label(stem.name)})"


def stems_of(tracks: Sequence[Track], wanted: str = "") -> dict[UUID, Stem]:
    """For each of ``tracks`` (by its id) the stem called ``wanted``, else the one to play along to."""
    shown = shown_by(tracks).filter(stopped_at=None, separation__status=Status.SUCCEEDED)
    of: dict[UUID, list[UUID]] = defaultdict(list)
    for track, separation in shown.values_list("track", "separation"):
        of[separation].append(track)
    stems = Stem.objects.filter(Q(name=wanted) if wanted else Q(), separation__in=of)
    stems = stems.select_related("separation").prefetch_related("separation__stems").defer("peaks")
    found: dict[UUID, Stem] = {}
    for stem in sorted(stems, key=_rank):
        for track in of[stem.separation_id]:
            found.setdefault(track, stem)
    return found


def _rank(stem: Stem) -> tuple[Any, ...]:
    """The preferred stem first; of two sets the one with fewer stems, which visitors may have."""
    place = PREFERRED.index(stem.name) if stem.name in PREFERRED else len(PREFERRED)
    return (place, len(stem.separation.stems.all()), stem.separation.model)


def _address(request: HttpRequest, stem: Stem, track: Track) -> str:
    """Where a player gets the stem; empty where this person may not have it."""
    free = track.visibility == Visibility.SHARED and may_download(
        AnonymousUser(), stem.separation, VISITORS_CODEC
    )
    if free:
        path = f"{reverse('api:stem-audio', args=[stem.pk])}?codec={VISITORS_CODEC}"
    elif request.user.is_authenticated and may_download(request.user, stem.separation, VISITORS_CODEC):
        token = signing.dumps([str(stem.pk), str(request.user.pk)], salt=SALT)
        path = reverse("playlist-listen", args=[token])
    else:
        return ""
    return request.build_absolute_uri(path)
