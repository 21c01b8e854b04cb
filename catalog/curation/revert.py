"""Undo changes of the catalogue. An undo is a change like any other, recorded in the history."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.curation import history
from catalog.curation.editing import may_edit, write
from catalog.curation.errors import changed_since, curators_only, gone, not_yours
from catalog.curation.fields import Named, details
from catalog.curation.locks import lock_exclusively
from catalog.curation.merging import undo_merge
from catalog.curation.splitting import undo_split
from catalog.errors import CatalogError
from catalog.models import Album, Artist, Change, Track

MODELS: dict[str, type[Artist] | type[Album] | type[Track]] = {
    Change.Target.ARTIST: Artist,
    Change.Target.ALBUM: Album,
    Change.Target.TRACK: Track,
}


def undo(change: Change, user: User) -> Change:
    """Put things back as they were before ``change``; returns the change that this is.

    Raises ``CatalogError``: ``not_yours`` (403); ``not_undoable``, ``already_undone``, ``gone``, ``changed_since``,
    ``name_taken`` (409).
    """
    with transaction.atomic():
        lock_exclusively()
        change = Change.objects.select_for_update().get(pk=change.pk)
        row = target(change)
        _check(change, row, user)
        assert row is not None  # noqa: S101  # _check has seen to it
        if history.is_edit(change):
            done = _undo_edit(change, row, user)
        else:
            if change.kind == Change.Kind.MERGE:
                undid = undo_merge(change, row).label
            else:
                undo_split(change, row)
                undid = row.label
            after = {"undid": change.kind, "back": undid}
            done = history.record(Change.Kind.UNDO, row, user, {}, after, merged_id=change.merged_id)
        change.undone_by = done
        change.save(update_fields=["undone_by"])
    return done


def target(change: Change) -> Named | None:
    """Return what ``change`` was about, as it is now; None when it is gone."""
    rows = MODELS[change.target]._default_manager.select_for_update(of=("self",))  # noqa: SLF001
    return rows.filter(pk=change.target_id).first()


def _check(change: Change, row: Named | None, user: User) -> None:
    own = history.own_tracks([change], user)
    if change.private_to_id not in (None, user.pk):
        raise not_yours(change.target)
    if not history.is_undoable(change):
        raise _refused("not_undoable", _("This cannot be undone."))
    if change.undone_by_id:
        raise _refused("already_undone", _("This was undone already."))
    if not history.may_undo(change, user, own):
        raise not_yours(change.target) if history.is_edit(change) else curators_only()
    if row is None:
        raise gone()
    if isinstance(row, Track) and not may_edit(row, user):
        raise not_yours(change.target)


def _undo_edit(change: Change, row: Named, user: User) -> Change:
    now = details(row, change.after)
    if any(now.get(name) != value for name, value in change.after.items()):
        raise changed_since()
    done = write(row, user, change.before, kind=Change.Kind.UNDO)
    if done is None:
        raise changed_since()
    return done


def _refused(code: str, sentence: object) -> CatalogError:
    return CatalogError(code, str(sentence), status=409)
