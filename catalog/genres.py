"""Genres, derived from the songs. A genre is a folded name; it exists as long as a song has it."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from catalog import selectors
from catalog.models import Track, Visibility


@dataclass(frozen=True)
class Genre:
    """``name`` as its newest song writes it."""

    key: str
    name: str

    @property
    def slug(self) -> str:
        return slug_of(self.key)


def is_name(key: str) -> bool:
    """Whether a folded genre is a name; what is nothing but signs has no page."""
    return any(char.isalnum() for char in key)


def slug_of(key: str) -> str:
    """Make a part of an address of a folded genre."""
    return key.replace(" ", "-")


def genres(user: User | AnonymousUser) -> list[Genre]:
    """List every genre with a song that ``user`` may see, in order."""
    names = {key: name for key, name in selectors.genre_names().items() if is_name(key)}
    if not user.is_anonymous:
        own = Track.objects.filter(owner=user.pk, visibility=Visibility.PRIVATE).exclude(genre_key="")
        for key, name in own.order_by("created_at").values_list("genre_key", "genre"):
            if is_name(key):
                names.setdefault(key, name)
    return [Genre(key, name) for key, name in sorted(names.items())]


def genre_at(slug: str, user: User | AnonymousUser) -> Genre | None:
    """Find the genre of this address, if ``user`` may see a song of it."""
    key = slug.replace("-", " ").replace("\0", " ")
    tracks = Track.objects.filter(genre_key=key)
    shared = tracks.filter(visibility=Visibility.SHARED).order_by("-created_at")
    name = shared.values_list("genre", flat=True).first()
    if name is None and not user.is_anonymous:
        name = tracks.filter(owner=user.pk).values_list("genre", flat=True).first()
    return Genre(key, name) if name else None
