"""Merge two artists, albums or tracks: one is deleted, and everything that referred to it refers to the other.

Of two tracks the winner's audio is heard from then on. The loser's AudioFile stays in storage, held by the uploads
that moved to the winner: whoever brings those bytes, or the same audio in another container, gets the winner, and
undoing the merge brings the loser back exactly as it was, with its stems. What was counted is added up; addresses
of the loser lead to the winner.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog import hooks
from catalog.curation import history
from catalog.curation.errors import check_curator, gone
from catalog.curation.fields import Named, kind_of
from catalog.curation.locks import lock_exclusively, lock_rows
from catalog.curation.relations import Record, move, move_back, restore_row, row_data
from catalog.errors import CatalogError
from catalog.models import Album, Artist, AudioFile, Change, Credit, FormerAddress, Track, Upload, Visibility
from catalog.redirects import add_redirect

N = TypeVar("N", bound=Named)

# What the winner takes over where it has nothing of its own.
BLANKS: dict[type[models.Model], tuple[str, ...]] = {
    Artist: (),
    Album: ("year", "cover"),
    Track: ("album_id", "track_number", "disc_number", "genre", "year", "cover", "owner_id"),
}


def merge(loser: N, winner: N, user: User) -> Change:
    """Merge ``loser`` into ``winner``. Raises ``CatalogError``: ``not_yours`` (403), ``gone`` (409), ``same`` (400),
    ``not_shared`` (409)."""
    check_curator(winner, user)
    if loser.pk == winner.pk:
        raise CatalogError("same", _("These are already the same."))
    with transaction.atomic():
        lock_exclusively()
        rows = lock_rows(type(winner), [loser.pk, winner.pk])
        if len(rows) < 2:
            raise gone()
        loser, winner = rows
        _check_shared(rows)
        label = loser.label
        before = merge_rows(loser, winner)
        _announce(loser, winner)
        after = {"merged": label, "into": winner.label}
        return history.record(
            Change.Kind.MERGE, winner, user, before, after, merged_id=UUID(before["row"]["pk"])
        )


def merge_rows(loser: Named, winner: Named) -> dict[str, Any]:
    """Give all that ``loser`` has to ``winner``, and delete it, inside a transaction; returns what undoing needs."""
    row = row_data(loser)
    names = _names(loser)
    duplicates = _remove_self_credits(loser, winner)
    moved = move(loser, winner, absorb)
    absorbed = absorb(loser, winner)
    type(loser)._base_manager.filter(pk=loser.pk).delete()  # noqa: SLF001
    return {"row": row, "names": names, "moved": moved, "absorbed": absorbed, "credits": duplicates}


def absorb(loser: models.Model, winner: models.Model) -> dict[str, Any]:
    """Take over what only ``loser`` knows, and its addresses; returns what ``undo_absorb`` needs."""
    if not (isinstance(loser, Artist | Album | Track) and isinstance(winner, Artist | Album | Track)):
        return {}
    kind = FormerAddress.Kind(kind_of(loser).value)
    old_addresses = [str(loser.pk)]
    if isinstance(loser, Artist):
        old_addresses += [loser.slug, FormerAddress.of_name(loser.key)]
    leading = FormerAddress.objects.filter(kind=kind, target=loser.pk)
    absorbed: dict[str, Any] = {"olds": old_addresses, "leading": list(leading.values_list("old", flat=True))}
    for old in old_addresses:
        add_redirect(kind, old, winner.pk)
    values = {
        name: getattr(loser, name)
        for name in BLANKS[type(loser)]
        if getattr(loser, name) and not getattr(winner, name)
    }
    if isinstance(loser, Track) and isinstance(winner, Track):
        absorbed["plays"] = loser.plays
        values["plays"] = winner.plays + loser.plays
    if values:
        type(winner)._base_manager.filter(pk=winner.pk).update(**values)  # noqa: SLF001
        winner.refresh_from_db()
    values.pop("plays", None)
    absorbed["filled"] = {name: str(v) if isinstance(v, UUID) else v for name, v in values.items()}
    return absorbed


def undo_absorb(loser: models.Model, winner: models.Model, absorbed: dict[str, Any]) -> None:
    """Undo ``absorb``; what was changed since stays as it is."""
    if not (isinstance(loser, Artist | Album | Track) and isinstance(winner, Artist | Album | Track)):
        return
    addresses = FormerAddress.objects.filter(kind=kind_of(loser).value)
    addresses.filter(target=winner.pk, old__in=absorbed["olds"]).delete()
    addresses.filter(target=winner.pk, old__in=absorbed["leading"]).update(target=loser.pk)
    winner.refresh_from_db()
    for name, value in absorbed["filled"].items():
        attribute = getattr(winner, name)
        if (str(attribute) if isinstance(attribute, UUID) else attribute) == value:
            setattr(winner, name, "" if isinstance(value, str) and not name.endswith("_id") else None)
    if isinstance(winner, Track):
        winner.plays = max(0, winner.plays - absorbed.get("plays", 0))
    winner.save()


def undo_merge(change: Change, winner: Named) -> Named:
    """Restore what ``change`` merged into ``winner``, inside a transaction that holds the exclusive lock.

    Raises ``CatalogError("gone")`` (409) when that cannot be done any more, and ``name_taken`` (409).
    """
    before = change.before
    row = restore_row(_with_names(before["row"], before["names"]))
    if row is None or not isinstance(row, type(winner)):
        raise CatalogError("gone", _explain_failure(winner, before), status=409)
    move_back(before["moved"], row, winner, undo_absorb)
    undo_absorb(row, winner, before["absorbed"])
    for data in before["credits"]:
        restore_row(data)
    if isinstance(row, Track):  # what was brought since
        Upload.objects.filter(track=winner.pk, audio=row.audio_id).update(track=row)
    row.save()  # what it is found by, after whatever was renamed since
    return row


def _names(row: Named) -> dict[str, str]:
    """Return by which names to find the artist and the album of the row again."""
    names: dict[str, str] = {}
    if isinstance(row, Album | Track):
        names["artist"] = row.artist.name
    if isinstance(row, Track) and row.album:
        names |= {"album": row.album.title, "holder": row.album.artist.name}
    return names


def _with_names(data: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Replace artists and albums in the stored row: merged ones by their successors, deleted ones by new ones."""
    fields = dict(data["fields"])
    if "artist" in fields:
        fields["artist"] = str(
            _find_row(Artist, fields["artist"]) or Artist.objects.get_or_create_by_name(names["artist"]).pk
        )
    if fields.get("album"):
        album = _find_row(Album, fields["album"])
        if album is None:
            holder = Artist.objects.get_or_create_by_name(names["holder"])
            album = Album.objects.get_or_create_by_title(names["album"], holder).pk
        fields["album"] = str(album)
    slug = fields.get("slug")
    if slug and Artist.objects.filter(slug=slug).exists():
        fields["slug"] = f"{slug[:70]}-{UUID(data['pk']).hex[:8]}"
    return {**data, "fields": fields}


def _find_row(model: type[Artist] | type[Album], pk: str) -> UUID | None:
    """Return the id of this row, or of the one that it was merged into."""
    ids: Iterable[Any] = [pk]
    kind = FormerAddress.Kind(model._meta.model_name or "")  # noqa: SLF001
    former = FormerAddress.objects.filter(kind=kind, old=pk).values_list("target", flat=True).first()
    if former:
        ids = [pk, former]
    return model._base_manager.filter(pk__in=ids).values_list("pk", flat=True).first()  # noqa: SLF001


def _explain_failure(winner: Named, before: dict[str, Any]) -> Any:
    if (
        isinstance(winner, Track)
        and not AudioFile.objects.filter(pk=before["row"]["fields"]["audio"]).exists()
    ):
        return _("This cannot be undone any more: nobody has kept the recording that was merged.")
    if isinstance(winner, Track):
        return _("This cannot be undone any more: the recording is here again, as another song.")
    return _("This cannot be undone any more: there is another one of that name by now.")


def _remove_self_credits(loser: Named, winner: Named) -> Record:
    """Delete credits that would make somebody a guest on their own song; return them as plain data."""
    both = [loser.pk, winner.pk]
    if isinstance(winner, Track):
        duplicates = Credit.objects.filter(track__in=both, artist=winner.artist_id)
    else:
        duplicates = Credit.objects.filter(artist__in=both, track__artist__in=both)
    data = [row_data(credit) for credit in duplicates]
    duplicates.delete()
    return data


def _check_shared(rows: Iterable[Named]) -> None:
    for row in rows:
        if row.visibility != Visibility.SHARED if isinstance(row, Track) else row.private_to_id is not None:
            raise CatalogError("not_shared", _("Only what is shared can be merged."), status=409)


def _announce(loser: Named, winner: Named) -> None:
    if isinstance(loser, Track):
        for receiver in hooks.merged.receivers:
            transaction.on_commit(partial(receiver, loser.audio_id, winner.pk), robust=True)
