"""Setlists: tracks in an order, for their owner or for everybody with the link."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audio.tags.cleaning import clean_text
from catalog.errors import CatalogError
from catalog.models import Setlist, SetlistEntry, Track
from catalog.models.social import new_link
from catalog.visibility import may_see, visible_to

MOST_SETLISTS = 500
MOST_ENTRIES = 300

KEY = re.compile(r"[A-Za-z0-9_-]{1,36}")


@dataclass(frozen=True)
class Line:
    """An entry as an account sees it: without track, note and settings where it may not see the track."""

    entry: SetlistEntry
    number: int
    track: Track | None

    @property
    def name(self) -> str:
        return self.track.title if self.track is not None else str(_("Not available to you"))

    @property
    def note(self) -> str:
        return self.entry.note if self.track is not None else ""

    @property
    def settings(self) -> dict[str, Any]:
        """How it is played, as in ``catalog.api.playback_settings``."""
        return self.entry.settings if self.track is not None else {}


@dataclass(frozen=True)
class Place:
    """The place of a track in a setlist."""

    setlist: Setlist
    number: int
    count: int
    previous: Line | None
    next: Line | None
    note: str
    key: str


def latest(user: User, most: int) -> list[Setlist]:
    """Return those of ``user`` that were changed last."""
    return list(Setlist.objects.filter(owner=user).only("title").order_by("-changed_at")[:most])


def make(user: User, title: str) -> Setlist:
    """Create a setlist. Raises ``CatalogError``: ``no_title``, ``too_many_setlists``."""
    if user.setlists.count() >= MOST_SETLISTS:
        raise CatalogError("too_many_setlists", _("You have reached the maximum number of setlists."))
    return Setlist.objects.create(owner=user, title=_title(title))


def rename(setlist: Setlist, title: str) -> None:
    """Change the title. Raises ``CatalogError("no_title")``."""
    setlist.title = _title(title)
    setlist.save(update_fields=["title", "changed_at"])


def share(setlist: Setlist, *, by_link: bool) -> None:
    """Let whoever has the link see it, or nobody else."""
    setlist.by_link = by_link
    setlist.save(update_fields=["by_link", "changed_at"])


def renew_link(setlist: Setlist) -> None:
    """Replace the link; the old one opens nothing any more."""
    setlist.link = new_link()
    setlist.save(update_fields=["link", "changed_at"])


def add(
    setlist: Setlist, track: Track, note: str = "", settings: dict[str, Any] | None = None
) -> SetlistEntry:
    """Put ``track`` at the end. Raises ``CatalogError("setlist_full")``."""
    with transaction.atomic():
        _hold(setlist)
        last = setlist.entries.aggregate(last=Max("position"), count=Count("pk"))
        if last["count"] >= MOST_ENTRIES:
            sentence = _("This setlist is full. Create another one.")
            raise CatalogError("setlist_full", sentence)
        setlist.save(update_fields=["changed_at"])
        position = (last["last"] or 0) + 1
        return setlist.entries.create(
            track=track, position=position, note=_note(note), settings=settings or {}
        )


def annotate(entry: SetlistEntry, note: str) -> None:
    """Set the note: key, capo, who sings."""
    entry.note = _note(note)
    entry.save(update_fields=["note"])
    entry.setlist.save(update_fields=["changed_at"])


def set_playback(entry: SetlistEntry, settings: dict[str, Any]) -> None:
    """Keep how it is played: tempo, key, mix and loop, as in ``catalog.api.playback_settings``."""
    entry.settings = settings
    entry.save(update_fields=["settings"])
    entry.setlist.save(update_fields=["changed_at"])


def move(entry: SetlistEntry, to: int) -> None:
    """Make it number ``to`` of its setlist, counted from 1; beyond the ends is at the ends."""
    with transaction.atomic():
        setlist = _hold(entry.setlist)
        rows = list(setlist.entries.all())
        moved = next((row for row in rows if row.pk == entry.pk), None)
        if moved is None:
            return
        rows.remove(moved)
        rows.insert(min(max(to, 1), len(rows) + 1) - 1, moved)
        for number, row in enumerate(rows, start=1):
            row.position = number
        SetlistEntry.objects.bulk_update(rows, ["position"])
        setlist.save(update_fields=["changed_at"])


def remove_entry(entry: SetlistEntry) -> None:
    """Remove one entry."""
    entry.delete()
    entry.setlist.save(update_fields=["changed_at"])


def with_counts(user: User | AnonymousUser) -> QuerySet[Setlist]:
    """Annotate setlists with ``count``, and ``seconds`` of what ``user`` may see in them."""
    visible = visible_to(user, "entries__track")
    return Setlist.objects.annotate(
        count=Count("entries"), seconds=Sum("entries__track__audio__duration", filter=visible)
    )


def setlists_of(user: User) -> QuerySet[Setlist]:
    """Return the setlists of ``user`` with counts, changed last first."""
    return with_counts(user).filter(owner=user).order_by("-changed_at", "pk")


def find(key: str, user: User | AnonymousUser) -> Setlist | None:
    """Find a setlist by its id, for its owner, or by its link, for those who may open it."""
    rows = Setlist.objects.select_related("owner")
    if not KEY.fullmatch(key):
        return None
    try:
        pk = UUID(key)
    except ValueError:
        return rows.filter(link=key).filter(open_by_link(user)).first()
    return None if user.is_anonymous else rows.filter(pk=pk, owner=user).first()


def open_by_link(user: User | AnonymousUser) -> Q:
    """Match setlists that their link opens; always the user's own."""
    shared = Q(by_link=True)
    return shared if user.is_anonymous else shared | Q(owner=user)


def lines_of(setlist: Setlist, user: User | AnonymousUser) -> list[Line]:
    """Return every entry in order, as ``user`` sees it."""
    names = ("track__artist", "track__album", "track__audio")
    rows = setlist.entries.select_related(*names).order_by("position", "created_at")
    return [
        Line(row, number, row.track if may_see(row.track, user) else None)
        for number, row in enumerate(rows, start=1)
    ]


def seconds(shown: Sequence[Line]) -> float:
    """Add up the durations that the reader may hear."""
    return sum(line.track.audio.duration for line in shown if line.track is not None)


def place(key: str, entry: str, track: Track, user: User | AnonymousUser) -> Place | None:
    """Find the place of ``track`` in the setlist ``key``: at ``entry`` (an id), else its first one."""
    setlist = find(key, user)
    if setlist is None:
        return None
    shown = [line for line in lines_of(setlist, user) if line.track is not None]
    here = [n for n, line in enumerate(shown) if line.entry.track_id == track.pk]
    if not here:
        return None
    at = next((n for n in here if str(shown[n].entry.pk) == entry), here[0])
    return Place(
        setlist=setlist,
        number=at + 1,
        count=len(shown),
        previous=shown[at - 1] if at else None,
        next=shown[at + 1] if at + 1 < len(shown) else None,
        note=shown[at].note,
        key=key,
    )


def _hold(setlist: Setlist) -> Setlist:
    """Lock the setlist, so that nobody else changes the order."""
    return Setlist.objects.select_for_update().get(pk=setlist.pk)


def _title(title: str) -> str:
    text = (clean_text(title) or "")[:120]
    if not text:
        raise CatalogError("no_title", _("Give the setlist a name."))
    return text


def _note(note: str) -> str:
    return (clean_text(note) or "")[:200]
