"""Ownership of tracks: everyone who uploaded its audio holds a track, which exists as long as one of them keeps it.

Dropping one's upload gives its bytes back to the quota; garbage collection removes the files.
"""

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.curation import history
from catalog.curation.relations import move
from catalog.errors import CatalogError
from catalog.models import Album, FormerAddress, Track, Upload, Visibility
from catalog.redirects import add_redirect
from catalog.uploads.private_names import update_names


def holds(track: Track, user: User) -> bool:
    """Whether ``user`` holds ``track``."""
    return track.owner_id == user.pk or track.uploads.filter(user=user).exists()


def drop_claim(track: Track, user: User) -> bool:
    """Let ``user`` release ``track``; return True if nobody holds it any more and it is deleted.

    The next who brought it becomes its owner, and it counts against tsuccessor quota from then on, even beyond it.
    Raises ``CatalogError("not_yours")`` (403).
    """
    with transaction.atomic():
        track = Track.objects.select_for_update().get(pk=track.pk)
        if not holds(track, user):
            raise CatalogError("not_yours", _("You did not add this track."), status=403)
        dropped = track.uploads.filter(user=user)
        charged = dropped.aggregate(total=Sum("charged", default=0))["total"]
        _release(dropped)
        successor = track.uploads.filter(user__is_active=True).order_by("created_at").first()
        if successor is None:
            remove(track)
            return True
        if track.owner_id == user.pk:
            Track.objects.filter(pk=track.pk).update(owner=successor.user_id)
        if charged and successor.user is not None:
            successor.user.charge(charged)
            Upload.objects.filter(pk=successor.pk).update(charged=F("charged") + charged)
        return False


def remove(track: Track) -> None:
    """Delete ``track``, whoever holds it; every holder gets the bytes back."""
    with transaction.atomic():
        _release(track.uploads.all())
        _clear_album_cover(track)
        track.delete()


def change_visibility(track: Track, visibility: Visibility) -> Track:
    """Share a private track, or make a shared one private; return the track that the owner has from then on.

    Sharing audio that has a shared track already joins the two. Raises ``CatalogError("shared_by_others")``
    (409) when others brought the same audio, and ``not_yours`` (403) for a track without an owner.
    """
    with transaction.atomic():
        track = Track.objects.select_for_update(of=("self",)).with_names().get(pk=track.pk)
        if track.visibility == visibility:
            return track
        same = Track.objects.filter(audio=track.audio, visibility=visibility)
        if visibility == Visibility.PRIVATE:
            if track.owner is None:
                raise CatalogError("not_yours", _("This track belongs to nobody."), status=403)
            if track.uploads.exclude(user=track.owner).exists():
                raise CatalogError(
                    "shared_by_others",
                    _("Others have added this recording too, so it stays shared."),
                    status=409,
                )
            same = same.filter(owner=track.owner)
            _clear_album_cover(track)
        there = same.first() or (_shared_successor(track) if visibility == Visibility.SHARED else None)
        if there is not None:
            return _merge_into(track, there)
        track.visibility = visibility
        track.save(update_fields=["visibility"])
        update_names(track)
        if visibility == Visibility.PRIVATE:
            history.hide(track)
        return track


def _shared_successor(track: Track) -> Track | None:
    """Return the shared track that the audio of ``track`` was merged into."""
    shared = Track.objects.filter(visibility=Visibility.SHARED)
    return (
        shared.filter(pk__in=Upload.objects.filter(audio=track.audio).values("track"))
        .exclude(pk=track.pk)
        .first()
    )


def _merge_into(track: Track, there: Track) -> Track:
    """Merge ``track`` into ``there``; one copy counts against the quota."""
    for upload in track.uploads.exclude(charged=0).select_related("user"):
        if upload.user is not None:
            upload.user.release(upload.charged)
    track.uploads.update(charged=0)
    track.credits.all().delete()  # the names of the other one stand
    move(track, there)
    Track.objects.filter(pk=there.pk).update(plays=F("plays") + track.plays)
    if there.visibility == Visibility.SHARED:
        add_redirect(FormerAddress.Kind.TRACK, str(track.pk), there.pk)
    else:
        history.hide(there)
    track.delete()
    return there


def _release(uploads: "QuerySet[Upload]") -> None:
    """Delete ``uploads`` and give tsuccessor bytes back."""
    totals = uploads.order_by().values("user").annotate(total=Sum("charged"))
    for row in list(totals.filter(total__gt=0, user__isnull=False)):
        User(pk=row["user"]).release(row["total"])
    uploads.delete()


def _clear_album_cover(track: Track) -> None:
    """Remove an album's cover that came from a track which leaves the shared catalogue."""
    if not track.cover or track.album_id is None:
        return
    others = Track.objects.filter(album=track.album_id, cover=track.cover, visibility=Visibility.SHARED)
    if not others.exclude(pk=track.pk).exists():
        Album.objects.filter(pk=track.album_id, cover=track.cover).update(cover="")
