"""The history of artists, albums and tracks: recorded with every change, shown to those who may see the row."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from catalog.curation.fields import Named, kind_of
from catalog.models import Change, Track, Visibility

SENTENCES: dict[str, Any] = {
    Change.Kind.EDIT: _("Edited"),
    Change.Kind.MERGE: _("“%(merged)s” was merged into “%(into)s”"),
    Change.Kind.REMOVE: _("Removed"),
    Change.Kind.TAKEDOWN: _("Taken down"),
    Change.Kind.UNDO: _("Put back as it was"),
}
UNDO_SENTENCES: dict[str, Any] = {
    Change.Kind.MERGE: _("“%(back)s” is its own again"),
    Change.Kind.SPLIT: _("Songs that had gone elsewhere came back to “%(back)s”"),
}


def record(
    kind: Change.Kind,
    row: Named,
    actor: User | None,
    before: dict[str, Any],
    after: dict[str, Any],
    *,
    merged_id: UUID | None = None,
) -> Change:
    """Record that ``actor`` changed ``row``; the history of a private track is for its owner alone.

    The change is also part of the history of ``merged_id``, a row that was merged into ``row`` or restored from it.
    """
    return Change.objects.create(
        kind=kind,
        target=kind_of(row),
        target_id=row.pk,
        merged_id=merged_id,
        label=row.label[:520],
        actor=actor,
        private_to_id=_reader(row),
        before=before,
        after=after,
    )


def _reader(row: Named) -> UUID | None:
    if isinstance(row, Track):
        return row.owner_id if row.visibility == Visibility.PRIVATE else None
    return row.private_to_id


def hide(track: Track) -> None:
    """Make the history of a track that became private private, too."""
    Change.objects.filter(target=Change.Target.TRACK, target_id=track.pk).update(private_to=track.owner)


def visible_to(user: User | AnonymousUser) -> "QuerySet[Change]":
    """Return changes of what is shared and of the user's own private tracks, the newest first."""
    mine = Q() if user.is_anonymous else Q(private_to=user)
    return Change.objects.filter(Q(private_to=None) | mine).select_related("actor", "undone_by")


def of(row: Named, user: User | AnonymousUser) -> "QuerySet[Change]":
    """Return the history of ``row`` that ``user`` may see."""
    return visible_to(user).filter(Q(target_id=row.pk) | Q(merged_id=row.pk), target=kind_of(row))


def is_curator(user: User | AnonymousUser) -> bool:
    """Whether ``user`` looks after what everybody shares."""
    return user.has_perms([f"catalog.change_{kind}" for kind in Change.Target.values])


def own_tracks(changes: Iterable[Change], user: User | AnonymousUser) -> set[UUID]:
    """Return the ids of the tracks in ``changes`` that ``user`` owns."""
    if user.is_anonymous:
        return set()
    ids = {change.target_id for change in changes if change.target == Change.Target.TRACK}
    return set(Track.objects.filter(pk__in=ids, owner=user).values_list("pk", flat=True))


def may_undo(change: Change, user: User | AnonymousUser, own: set[UUID]) -> bool:
    """Whether to offer ``user``, whose tracks are ``own``, to undo ``change``. It may turn out to be impossible.

    Curators undo what was done to what is shared; everybody undoes edits of their own songs.
    """
    if user.is_anonymous or change.undone_by_id or not is_undoable(change):
        return False
    if change.private_to_id:
        return change.private_to_id == user.pk
    return user.has_perm(f"catalog.change_{change.target}") or (change.target_id in own and is_edit(change))


def is_edit(change: Change) -> bool:
    """Whether it changed values and nothing else: an edit, or the undoing of one."""
    return change.kind == Change.Kind.EDIT or (change.kind == Change.Kind.UNDO and bool(change.before))


def is_undoable(change: Change) -> bool:
    """Whether a change of this kind can be undone at all."""
    return is_edit(change) or change.kind in {Change.Kind.MERGE, Change.Kind.SPLIT}


def sentence(change: Change) -> str:
    """Say in words what happened; the fields of an edit are not in it."""
    after = change.after
    if change.kind == Change.Kind.SPLIT:
        names = {"n": len(after["tracks"]), "to": after["to"]}
        words = ngettext("%(n)d song went to “%(to)s”", "%(n)d songs went to “%(to)s”", names["n"])
        return str(words % names)
    if change.kind == Change.Kind.UNDO and not change.before:
        return str(UNDO_SENTENCES[after["undid"]] % after)
    text = str(SENTENCES[change.kind] % after)
    reason = after.get("reason") if change.kind == Change.Kind.TAKEDOWN else ""
    return f"{text}: {reason}" if reason else text
