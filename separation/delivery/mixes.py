"""Mixes to download: a separation's stems with chosen volumes, pans, tempo and pitch.

A mix is a Rendition like any other: ``order_mix`` says what to make, ``catalog.storage.encoding_pool`` has it made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from audio.effects.clicks import Clicks, place_clicks
from audio.effects.mixing import WHOLE, Cut
from audio.formats import STEREO_RATE
from catalog import hooks
from catalog.errors import CatalogError
from catalog.models import Track
from catalog.storage.recipes import Mix, MixPart, Recipe
from catalog.storage.renditions import check_codec
from separation.delivery.downloads import select_stems, tags_for
from separation.models import Separation

LOUDEST = 2.0
TEMPOS = (0.5, 2.0)
SEMITONES = 12.0
CENTS = 50.0
LATEST = 1e6  # seconds; no song is as long
FIXED_PITCH = "drums"  # what has no key is not transposed
MOST_COUNT_IN = 2


@dataclass(frozen=True)
class MixSettings:
    """Volumes, pans, tempo, pitch and cut of a mix; two that sound the same are equal.

    ``gains`` by stem, 0 to 2, a missing one is 1; ``pans`` by stem, -1 (left) to 1, a missing one is 0; ``tempo`` 0.5
    to 2; ``semitones`` -12.5 to 12.5, cents included; ``click`` is the volume of the metronome, 0 to 2, and
    ``countin`` the number of bars before the music.
    """

    gains: tuple[tuple[str, float], ...] = ()
    tempo: float = 1.0
    semitones: float = 0.0
    cut: Cut = WHOLE
    click: float = 0.0
    countin: int = 0
    pans: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(
        cls,
        gains: Mapping[str, float],
        tempo: float = 1.0,
        semitones: float = 0.0,
        *,
        cents: float = 0.0,
        start: float | None = None,
        stop: float | None = None,
        click: float = 0.0,
        countin: int = 0,
        pans: Mapping[str, float] | None = None,
    ) -> "MixSettings":
        """Round inaudibly: volumes, pans and tempo to a thousandth, the pitch to a cent; ends in seconds."""
        rounded = sorted((name, round(gain, 3)) for name, gain in gains.items())
        changed = tuple((name, gain) for name, gain in rounded if gain != 1)
        silent = {name for name, gain in rounded if gain == 0}
        places = sorted((name, round(pan, 3)) for name, pan in (pans or {}).items())
        panned = tuple((name, pan) for name, pan in places if pan and name not in silent)
        cut = Cut(round((start or 0) * STEREO_RATE), None if stop is None else round(stop * STEREO_RATE))
        pitch = round(semitones + cents / 100, 2) + 0.0
        return cls(changed, round(tempo, 3), pitch, cut, round(click, 3), countin, panned)

    @property
    def is_stretched(self) -> bool:
        """Whether tempo or pitch differ from the song's."""
        return self.tempo != 1 or self.semitones != 0


@dataclass(frozen=True)
class MixOrder:
    """What to make for a mix, and its ``description`` for file names: ``no vocals, tempo x0.8``."""

    recipe: Recipe
    description: str


def order_mix(
    separation: Separation, track: Track, settings: MixSettings, codec: str, bitrate: int | None
) -> MixOrder:
    """Order the mix of ``settings``. Where it is one stem or the whole song unchanged, that is encoded without mixing.

    A stretched mix is always made of stems, as the player makes it; drums keep their pitch.

    Raises ``CatalogError``: ``not_ready`` (409), ``no_beats`` (409), ``unknown_stem``, ``silent_mix``, ``bad_range``,
    ``unknown_codec``, ``bad_bitrate``.
    """
    kbits, cover_key = check_codec(codec, bitrate), track.picture
    stems = select_stems(separation, None)
    names = [stem.name for stem in stems]
    gains = dict.fromkeys(names, 1.0) | dict(settings.gains)
    pans = dict(settings.pans)
    if unknown := [name for name in gains | pans if name not in names]:
        sentence = _("There is no stem called %(names)s here.") % {"names": ", ".join(unknown)}
        raise CatalogError("unknown_stem", sentence, by_field={name: [sentence] for name in unknown})
    audible = [stem for stem in stems if gains[stem.name] > 0]
    if not audible and settings.click:
        audible = stems[:1]  # at 0: the clicks alone
    if not audible:
        silent = _("Nothing would be heard: every part is at 0.")
        raise CatalogError("silent_mix", silent, by_field={name: [silent] for name in names})
    if all(stem.name == FIXED_PITCH for stem in audible):
        settings = replace(settings, semitones=0.0)
    settings = replace(settings, cut=_check_cut(settings.cut, separation.mixture.frames))
    description = describe_mix(names, settings)
    clicks = clicks_of(track, settings)
    if settings.gains or settings.pans or settings.is_stretched:
        only = audible[0] if len(audible) == 1 and gains[audible[0].name] == 1 and not pans else None
        source = only.audio if only else None
        parts = tuple(
            MixPart(
                stem.audio,
                gains[stem.name] / separation.gain,
                stem.name == FIXED_PITCH,
                pans.get(stem.name, 0.0),
            )
            for stem in audible
        )
    else:
        only, source, parts = None, separation.mixture, (MixPart(separation.mixture, 1.0),)
    if source is not None and clicks is None and not settings.is_stretched and settings.cut == WHOLE:
        tags = tags_for(track, only.name if only else "")
        return MixOrder(Recipe(source, codec, kbits, tags, cover_key), description)
    mix = Mix(parts, settings.tempo, settings.semitones, settings.cut, clicks)
    tags = tags_for(track, description)
    return MixOrder(Recipe(separation.mixture, codec, kbits, tags, cover_key, mix), description)


def _check_cut(cut: Cut, frames: int) -> Cut:
    """Return ``cut`` without an end that is not before the song's. Raises ``CatalogError("bad_range")``."""
    if cut.start >= frames:
        seconds = f"{frames / STEREO_RATE:.3f}"
        late = _("The mix would begin after the song's end, which is at %(seconds)s seconds.") % {
            "seconds": seconds
        }
        raise CatalogError("bad_range", late, by_field={"from": [late]})
    if cut.stop is not None and cut.stop <= cut.start:
        early = _("The end must be after the beginning.")
        raise CatalogError("bad_range", early, by_field={"to": [early]})
    return cut if cut.stop is None or cut.stop < frames else replace(cut, stop=None)


def clicks_of(track: Track, settings: MixSettings) -> Clicks | None:
    """Place the clicks of ``settings`` by the beats of ``track``. Raises ``CatalogError("no_beats")`` (409)."""
    if not settings.click and not settings.countin:
        return None
    beats = next((beats for beats in hooks.beats_of_track.send(track) if beats), None)
    if beats is None:
        sentence = _("This song has no beats yet. Set them on its page, or leave out click and count-in.")
        raise CatalogError("no_beats", sentence, status=409)
    return place_clicks(
        beats,
        settings.tempo,
        volume=settings.click,
        count_in=settings.countin,
        start=settings.cut.start,
        stop=settings.cut.stop,
    )


def describe_mix(stems: Sequence[str], settings: MixSettings) -> str:
    """Describe a mix: ``no vocals, bass x1.2 left 0.4, 1m05s to 1m20.5s, tempo x0.8, -2 semitones``.

    One stem is its name, no change is empty.
    """
    gains, pans = dict(settings.gains), dict(settings.pans)
    silent = [name for name in stems if gains.get(name) == 0]
    audible = [name for name in stems if name not in silent]
    parts = []
    if len(silent) < max(len(audible), 2):
        parts += ["no " + " and ".join(silent)] if silent else []
        audible = [name for name in audible if name in gains or name in pans]
    for name in audible:
        side = "left" if pans.get(name, 0) < 0 else "right"
        parts.append(
            name
            + (f" x{gains[name]:g}" if name in gains else "")
            + (f" {side} {abs(pans[name]):g}" if name in pans else "")
        )
    if settings.cut.stop is not None:
        parts.append(f"{_clock(settings.cut.start)} to {_clock(settings.cut.stop)}")
    elif settings.cut.start:
        parts.append(f"from {_clock(settings.cut.start)}")
    if settings.tempo != 1:
        parts.append(f"tempo x{settings.tempo:g}")
    if settings.semitones:
        unit = "semitone" if abs(settings.semitones) == 1 else "semitones"
        parts.append(f"{settings.semitones:+g} {unit}")
    if settings.click:
        parts.append("click" if settings.click == 1 else f"click x{settings.click:g}")
    if settings.countin:
        parts.append(f"count-in {settings.countin}")
    return ", ".join(parts)


def _clock(samples: int) -> str:
    """Return ``1m05s`` or ``1m20.5s``, to a thousandth; a file name takes no colon."""
    minutes, milliseconds = divmod(round(1000 * samples / STEREO_RATE), 60_000)
    seconds = f"{milliseconds / 1000:06.3f}".rstrip("0").rstrip(".")
    return f"{minutes}m{seconds}s"
