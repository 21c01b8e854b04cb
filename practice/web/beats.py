"""The beats of a song, for who may change them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.current_user import account
from accounts.security.pending_action import login_required
from audio.formats import STEREO_RATE
from catalog.curation.editing import may_edit
from catalog.errors import CatalogError
from catalog.models import Track
from catalog.web.history import entries
from practice.beat_editing import SavedBeats, beat_changes, beats_of, describe, format_tempo, save_beats
from practice.beats import Grid
from practice.web.forms import FORMS, BeatsForm
from separation.delivery.permissions import shown_by
from separation.models import Status

BARS_PER_PAGE = 24
CHANGES_SHOWN = 10


@dataclass(frozen=True)
class BeatRow:
    """A beat in the list; ``number`` counts from 1, ``placed`` is one that somebody has set."""

    number: int
    seconds: float
    placed: bool


@dataclass(frozen=True)
class BarRow:
    """A bar in the list; number 0 is what comes before the first one."""

    number: int
    beats: list[BeatRow]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Set and change the beats of a song as ``do`` says, a name in ``FORMS``."""
    track = get_object_or_404(Track.objects.visible_to(request.user).with_names(), pk=pk)
    if not may_edit(track, account(request)):
        raise PermissionDenied
    saved = beats_of(track)
    forms = {
        name: kind(auto_id=f"{name}_%s", initial=_initial(request, saved.grid))
        for name, kind in FORMS.items()
    }
    do = request.POST.get("do", "")
    if request.method == "POST" and do in FORMS:
        forms[do] = FORMS[do](request.POST, auto_id=f"{do}_%s")
        if forms[do].is_valid() and _save(request, track, saved, forms[do]):
            messages.success(request, _("Saved."))
            return redirect("track-beats", track.pk)
        saved = beats_of(track)
    return render(request, "practice/beats.html", {"forms": forms, **_context(request, track, saved)})


def _initial(request: HttpRequest, grid: Grid | None) -> dict[str, Any]:
    """What the forms begin with: the tempo and metre there are, and the beat of ``?beat=``."""
    if grid is None:
        return {}
    initial: dict[str, Any] = {
        "tempo": format_tempo(grid),
        "beats_per_bar": grid.beats_per_bar(),
        "downbeat": 0 if grid.first_downbeat is None else _seconds(grid.beats[grid.first_downbeat]),
    }
    beat = request.GET.get("beat", "")
    if beat.isascii() and beat.isdecimal() and 1 <= int(beat[:9]) <= grid.count:
        initial |= {"beat": int(beat), "seconds": _seconds(grid.beats[int(beat) - 1])}
    return initial


def _save(request: HttpRequest, track: Track, saved: SavedBeats, form: BeatsForm) -> bool:
    """Save the change of ``form``, or put into it why that cannot be done."""
    seen = request.POST.get("revision", "")
    try:
        grid = form.changed(saved.grid, track.audio.frames)
        save_beats(track, account(request), grid, int(seen) if seen.isascii() and seen.isdecimal() else -1)
    except CatalogError as error:
        form.add_error(None, str(error.detail))
        return False
    return True


def _context(request: HttpRequest, track: Track, saved: SavedBeats) -> dict[str, Any]:
    grid = saved.grid
    changes = beat_changes(track, request.user)[:CHANGES_SHOWN]
    bars = Paginator(_bars(grid) if grid else [], BARS_PER_PAGE)
    return {
        "track": track,
        "revision": saved.revision,
        "grid": grid,
        "description": describe(grid) if grid else "",
        "beats": [round(frame / STEREO_RATE, 4) for frame in grid.beats] if grid else [],
        "bars": bars.get_page(request.GET.get("page")),
        "audio": _audio(track),
        "entries": entries(changes, request.user),
    }


def _bars(grid: Grid) -> list[BarRow]:
    placed = {beat for beat, _frame in grid.anchors}
    rows = [BeatRow(n + 1, frame / STEREO_RATE, n in placed) for n, frame in enumerate(grid.beats)]
    starts = [0, *grid.downbeats, grid.count]
    cut = [BarRow(number, rows[start:end]) for number, (start, end) in enumerate(pairwise(starts))]
    return cut if cut[0].beats else cut[1:]


def _seconds(frame: int) -> str:
    return f"{frame / STEREO_RATE:.3f}"


def _audio(track: Track) -> str:
    """The address of the song as MP3; nothing before it has been separated."""
    shown = shown_by([track]).filter(separation__status=Status.SUCCEEDED, stopped_at=None).first()
    return f"{reverse('api:separation-mix', args=[shown.separation_id])}?codec=mp3" if shown else ""
