"""Mixes to take home: a separation's stems with the volumes, the tempo and the pitch that somebody wants.

A mix is a Rendition like any other: ``order`` says what has to be made, ``catalog.storage.encoding_pool`` has it made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from catalog.errors import CatalogError
from catalog.models import Track
from catalog.storage.renditions import Mix, Recipe, check_codec
from separation.delivery.downloads import chosen, tags_for
from separation.models import Separation

LOUDEST = 2.0
TEMPOS = (0.5, 2.0)
SEMITONES = 12.0


@dataclass(frozen=True)
class Wanted:
    """How somebody wants to hear it. ``gains`` by stem, 0 to 2, those left out 1; ``tempo`` 0.5 to 2, ``semitones`` -12
    to 12. Two of them that sound the same are equal."""

    gains: tuple[tuple[str, float], ...] = ()
    tempo: float = 1.0
    semitones: float = 0.0

    @classmethod
    def of(cls, gains: Mapping[str, float], tempo: float = 1.0, semitones: float = 0.0) -> "Wanted":
        """Rounded so that nobody hears it: gains and tempo to a thousandth, semitones to a hundredth."""
        rounded = sorted((name, round(gain, 3)) for name, gain in gains.items())
        changed = tuple((name, gain) for name, gain in rounded if gain != 1)
        return cls(changed, round(tempo, 3), round(semitones, 2) + 0.0)

    @property
    def is_moved(self) -> bool:
        """Whether it is faster or slower, higher or lower."""
        return self.tempo != 1 or self.semitones != 0


@dataclass(frozen=True)
class Ordered:
    """A mix that can be made, and how to say it in a file's name: ``no vocals, tempo x0.8``."""

    recipe: Recipe
    words: str


def order(separation: Separation, track: Track, wanted: Wanted, codec: str, bitrate: int | None) -> Ordered:
    """What has to be made for ``wanted``. What is a file of its own already stays that: one stem, or the whole song.

    Raises ``CatalogError``: ``not_ready`` (409), ``unknown_stem``, ``silent_mix``, ``unknown_codec``, ``bad_bitrate``.
    """
    kbits, cover_key = check_codec(codec, bitrate), track.picture
    stems = chosen(separation, None)
    names = [stem.name for stem in stems]
    gains = dict.fromkeys(names, 1.0) | dict(wanted.gains)
    if unknown := [name for name in gains if name not in names]:
        there = _("There is no stem called %(names)s here.") % {"names": ", ".join(unknown)}
        raise CatalogError("unknown_stem", there, by_field={name: [there] for name in unknown})
    heard = [stem for stem in stems if gains[stem.name] > 0]
    if not heard:
        silent = _("Nothing would be heard: every part is at 0.")
        raise CatalogError("silent_mix", silent, by_field={name: [silent] for name in names})
    words = in_words(names, wanted)
    if wanted.gains:
        only = heard[0] if len(heard) == 1 and gains[heard[0].name] == 1 else None
        source = only.audio if only else None
        parts = tuple((stem.audio, gains[stem.name] / separation.gain) for stem in heard)
    else:
        only, source, parts = None, separation.mixture, ((separation.mixture, 1.0),)
    if source is not None and not wanted.is_moved:
        tags = tags_for(track, only.name if only else "")
        return Ordered(Recipe(source, codec, kbits, tags, cover_key), words)
    mix = Mix(parts, wanted.tempo, wanted.semitones)
    return Ordered(Recipe(separation.mixture, codec, kbits, tags_for(track, words), cover_key, mix), words)


def in_words(stems: Sequence[str], wanted: Wanted) -> str:
    """``no vocals, bass x1.2, tempo x0.8, -2 semitones``; one stem alone is its name; nothing changed says nothing."""
    gains = dict(wanted.gains)
    silent = [name for name in stems if gains.get(name) == 0]
    heard = [name for name in stems if name not in silent]
    said = []
    if len(silent) < max(len(heard), 2):
        said += ["no " + " and ".join(silent)] if silent else []
        heard = [name for name in heard if name in gains]
    said += [f"{name} x{gains[name]:g}" if name in gains else name for name in heard]
    if wanted.tempo != 1:
        said.append(f"tempo x{wanted.tempo:g}")
    if wanted.semitones:
        unit = "semitone" if abs(wanted.semitones) == 1 else "semitones"
        said.append(f"{wanted.semitones:+g} {unit}")
    return ", ".join(said)
