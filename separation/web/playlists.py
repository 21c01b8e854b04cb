"""M3U files to download, and the addresses in them that players open without signing in."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.models import User
from audio.formats import OUTPUT
from catalog.errors import CatalogError
from catalog.models import Setlist, Track
from catalog.social import setlists
from catalog.storage import encoding_pool, file_responses
from catalog.uploads.naming import safe_filename
from separation.delivery.downloads import download_name, stem_recipe
from separation.delivery.m3u import PlaylistWriter, read_link
from separation.delivery.permissions import VISITOR_CODEC, may_download, track_for
from separation.models import Separation, Stem


@require_safe
def own_setlist(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send one's own setlist; ``?stem=`` chooses the stem of each song."""
    setlist = setlists.find(str(pk), request.user)
    if setlist is None:
        raise Http404
    return _setlist_file(request, setlist)


@require_safe
def shared_setlist(request: HttpRequest, link: str) -> HttpResponse:
    """Send a setlist by its link; ``?stem=`` chooses the stem of each song."""
    setlist = setlists.find(link, request.user)
    if setlist is None or setlist.link != link:
        raise Http404
    return _setlist_file(request, setlist)


@require_safe
def track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send the stems of one song, from its richest separation that this person may have."""
    row = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    return _file(_writer(request).track(row), row.title)


@require_safe
def listen(request: HttpRequest, token: str) -> HttpResponseBase:
    """Send a stem to a player that cannot sign in; ``token`` says which stem, and who may have it."""
    link = read_link(token)
    if link is None:
        raise Http404
    user = get_object_or_404(User, pk=link.user, is_active=True)
    audible = Separation.objects.audible_to(user)
    stems = Stem.objects.filter(separation__in=audible).select_related("audio", "separation__mixture")
    stem = get_object_or_404(stems, pk=link.stem)
    if not may_download(user, stem.separation, VISITOR_CODEC):
        raise Http404
    try:
        track = track_for(stem.separation, user)
    except Track.DoesNotExist as error:
        raise Http404 from error
    recipe = stem_recipe(stem, track, VISITOR_CODEC, None)
    try:
        (rendition,) = encoding_pool.obtain(
            [recipe], f"account {user.pk}", seconds=settings.ENCODING_WAIT_SECONDS
        )
    except CatalogError as error:
        return file_responses.plain(error)
    return file_responses.serve(
        request,
        rendition.key,
        filename=download_name(track, stem.name, OUTPUT[VISITOR_CODEC].extension),
        content_type=OUTPUT[VISITOR_CODEC].content_type,
        checksum=rendition.checksum,
        size=rendition.size,
    )


def _writer(request: HttpRequest) -> PlaylistWriter:
    return PlaylistWriter(request.user, request.build_absolute_uri)


def _setlist_file(request: HttpRequest, setlist: Setlist) -> HttpResponse:
    lines = setlists.lines_of(setlist, request.user)
    return _file(
        _writer(request).setlist(setlist, lines, request.GET.get("stem", "").replace("\0", "")), setlist.title
    )


def _file(rows: Sequence[str], title: str) -> HttpResponse:
    answer = HttpResponse("\n".join(rows) + "\n", content_type="audio/x-mpegurl; charset=utf-8")
    filename = safe_filename(title, ".m3u8")
    answer["Content-Disposition"] = file_responses.content_disposition(filename, attachment=True)
    answer["Cache-Control"] = "private, no-store"
    return answer
