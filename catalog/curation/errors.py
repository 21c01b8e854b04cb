"""Errors that several flows of curation raise."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.curation.fields import Details, Named, kind_of, label
from catalog.errors import CatalogError
from catalog.models import Album, Artist, Change


class ConflictError(CatalogError):
    """``changed_meanwhile`` (409): somebody else changed the same values; ``now`` is what they are by now."""

    def __init__(self, now: Details, fields: list[str]) -> None:
        sentence = _(
            "Somebody else has changed this in the meantime: %(fields)s. Check it before you save again."
        )
        super().__init__(
            "changed_meanwhile", sentence % {"fields": ", ".join(map(label, fields))}, status=409
        )
        self.now = now
        self.fields = fields


class NameTakenError(CatalogError):
    """``name_taken`` (409): there is another one of this name, ``other``; the two can be merged."""

    def __init__(self, other: Artist | Album) -> None:
        sentence = (
            _("There is an artist of this name already. Merge the two if they are the same.")
            if isinstance(other, Artist)
            else _("This artist has an album of this title already. Merge the two if they are the same.")
        )
        super().__init__("name_taken", sentence, status=409)
        self.other = other


def not_yours(kind: str = Change.Target.TRACK) -> CatalogError:
    """Make the error ``not_yours`` (403) for a row of this kind."""
    if kind != Change.Target.TRACK:
        return curators_only()
    return CatalogError("not_yours", _("Only the person who added this song may do this."), status=403)


def curators_only() -> CatalogError:
    """Make the error ``not_yours`` (403) for what the owner of a song may not do either."""
    return CatalogError("not_yours", _("Only curators may do this."), status=403)


def check_curator(row: Named, user: User) -> None:
    """Raise ``CatalogError("not_yours")`` (403) unless ``user`` may change every row of this kind."""
    if not user.has_perm(f"catalog.change_{kind_of(row)}"):
        raise curators_only()


def gone() -> CatalogError:
    """Make the error ``gone`` (409) for a row that was deleted meanwhile."""
    return CatalogError("gone", _("This is no longer there. It may have been merged or removed."), status=409)


def changed_since() -> CatalogError:
    """Make the error ``changed_since`` (409) for a change that others came after."""
    return CatalogError(
        "changed_since", _("This has been changed again since. Please correct it by hand."), status=409
    )
