"""How somebody plays a song, and the part that they play in every song."""

from typing import Any

from accounts.models import User
from catalog.models import Track
from catalog.selectors import Reader
from catalog.social import setlists
from practice.models import MyPart, Preset
from separation.engines.modelspec import SPECS

INSTRUMENTS = tuple(dict.fromkeys(stem for spec in SPECS.values() if not spec.takes for stem in spec.stems))


def preset_of(track: Track, user: User) -> dict[str, Any] | None:
    """Return the settings with which ``user`` plays ``track``, None for none."""
    return Preset.objects.filter(track=track, user=user).values_list("settings", flat=True).first()


def save_preset(track: Track, user: User, settings: dict[str, Any]) -> None:
    """Keep these settings instead of earlier ones."""
    Preset.objects.update_or_create(track=track, user=user, defaults={"settings": settings})


def delete_preset(track: Track, user: User) -> None:
    """Keep no settings any more."""
    Preset.objects.filter(track=track, user=user).delete()


def settings_in_setlist(key: str, entry: str, track: Track, user: Reader) -> dict[str, Any] | None:
    """Return how ``track`` is played in the setlist ``key``: at ``entry`` (an id), else where it comes first.

    None where there is no such place, or nothing is kept for it.
    """
    setlist = setlists.find(key, user)
    if setlist is None:
        return None
    rows = list(setlist.entries.filter(track=track).order_by("position", "created_at"))
    chosen = [row for row in rows if str(row.pk) == entry] or rows
    return (chosen[0].settings or None) if chosen else None


def part_of(user: User) -> MyPart:
    """Return the part of ``user``; an empty one that is not stored where they have chosen none."""
    return MyPart.objects.filter(user=user).first() or MyPart(user=user)


def save_part(user: User, values: dict[str, str]) -> MyPart:
    """Change ``instrument`` and ``mode``, or one of them."""
    row, _created = MyPart.objects.update_or_create(user=user, defaults=values)
    return row
