"""Wishes for songs that are not in the library.

A wish is one for everybody who spells artist and title alike. It comes true by itself when a shared track of the
same artist and title is there. A wish without an artist never does so: many songs are called "Home", and who
wished for one would be told about another; somebody has to say "this is it".
"""

from typing import Any

from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audio.tags.cleaning import clean_text
from catalog.errors import CatalogError
from catalog.models import Notice, Track, Visibility, Wish, WishVoice
from catalog.normalization import fold, sort_key
from catalog.social.notices import notify_all
from catalog.uploads.ownership import holds


def wish(user: User, artist: str, title: str) -> Wish:
    """Find or make the wish for this song, and add the voice of ``user``.

    Raises ``CatalogError``: ``no_title``, and ``here_already`` (409), whose ``track`` is the song.
    """
    artist, title = (clean_text(artist) or "")[:255], (clean_text(title) or "")[:255]
    if not title:
        raise CatalogError("no_title", _("Enter the title of the song."))
    found = here(artist, title)
    if found is not None:
        raise AlreadyInLibraryError(found)
    with transaction.atomic():
        held = Wish.objects.select_for_update(of=("self",)).select_related("track")
        row, _created = held.get_or_create(
            key=Wish.key_of(artist, title), defaults={"artist": artist, "title": title}
        )
        if row.fulfilled_at is not None:
            if row.track is not None and row.track.visibility == Visibility.SHARED:
                raise AlreadyInLibraryError(row.track)
            Wish.objects.filter(pk=row.pk).update(fulfilled_at=None, track=None)  # it is gone again
        join(row, user)
    row.refresh_from_db()
    return row


class AlreadyInLibraryError(CatalogError):
    """What somebody wishes for is in the library: ``track``."""

    def __init__(self, track: Track) -> None:
        super().__init__("here_already", _("This song is here already."), status=409)
        self.track = track


def here(artist: str, title: str) -> Track | None:
    """Find the shared track of this artist and title, however they are spelled; None without an artist."""
    if not fold(artist) or not fold(title):
        return None
    tracks = Track.objects.filter(artist__key=fold(artist)[:255], visibility=Visibility.SHARED)
    return tracks.filter(title_key=sort_key(title)[:255]).order_by("created_at").first()


def join(row: Wish, user: User) -> None:
    """Add the voice of ``user``."""
    with transaction.atomic():
        _hold(row)
        WishVoice.objects.get_or_create(wish=row, user=user)
        _count(Wish.objects.filter(pk=row.pk))


def leave(row: Wish, user: User) -> None:
    """Remove the voice of ``user``; a wish without voices is deleted."""
    with transaction.atomic():
        _hold(row)
        WishVoice.objects.filter(wish=row, user=user).delete()
        _count(Wish.objects.filter(pk=row.pk))
        Wish.objects.filter(pk=row.pk, wanted=0, fulfilled_at=None).delete()


def fulfil_by_name(track: Track) -> None:
    """Fulfil the wish for ``track``, if there is one. Call it where a track becomes shared, or is renamed."""
    if track.visibility != Visibility.SHARED:
        return
    key = Wish.key_of(track.artist.name, track.title)
    for row in Wish.objects.filter(key=key, fulfilled_at=None):
        _fulfil(row, track)


def fulfil(row: Wish, track: Track, user: User) -> None:
    """Fulfil the wish with ``track``, as ``user`` says.

    Raises ``CatalogError``: ``not_yours`` (403), ``not_shared`` (409), ``fulfilled`` (409).
    """
    if not may_fulfil(track, user):
        sentence = _("Only the person who added this song or a curator may do this.")
        raise CatalogError("not_yours", sentence, status=403)
    if track.visibility != Visibility.SHARED:
        raise CatalogError("not_shared", _("Only you see this song. Share it first."), status=409)
    if not _fulfil(row, track):
        raise CatalogError("fulfilled", _("This wish has already been fulfilled."), status=409)


def may_fulfil(track: Track, user: User) -> bool:
    """Whether ``user`` brought the track, or is a curator."""
    return user.has_perm("catalog.change_track") or holds(track, user)


def open_wishes(order: str = "voices") -> QuerySet[Wish]:
    """Return the wishes that are not fulfilled: the most wanted first, or with ``"new"`` the newest."""
    rows = Wish.objects.filter(fulfilled_at=None)
    return rows.order_by("-created_at") if order == "new" else rows.order_by("-wanted", "-created_at")


def recount() -> None:
    """Count all voices again, for when accounts were closed; wishes that nobody has are deleted."""
    voices = Subquery(_voices(), output_field=IntegerField())
    Wish.objects.exclude(wanted=Coalesce(voices, 0)).update(wanted=Coalesce(voices, 0))
    Wish.objects.filter(wanted=0, fulfilled_at=None).delete()


def _fulfil(row: Wish, track: Track) -> bool:
    with transaction.atomic():
        rows = Wish.objects.filter(pk=row.pk, fulfilled_at=None)
        if not rows.update(fulfilled_at=timezone.now(), track=track):
            return False
        wanted_by = User.objects.filter(wish_voices__wish=row, is_active=True)
        notify_all(wanted_by, Notice.Kind.WISH, track=track)
    return True


def _hold(row: Wish) -> None:
    """Lock the wish: two transactions would not see each other's voices."""
    if not list(Wish.objects.select_for_update().filter(pk=row.pk).values_list("pk")):
        raise CatalogError("gone", _("Nobody wants this any more."), status=409)


def _count(rows: QuerySet[Wish]) -> None:
    rows.update(wanted=Coalesce(Subquery(_voices(), output_field=IntegerField()), 0))


def _voices() -> "QuerySet[WishVoice, Any]":
    voices = WishVoice.objects.filter(wish=OuterRef("pk")).order_by().values("wish")
    return voices.annotate(n=Count("pk")).values("n")
