"""Mixes to download: a separation's stems with chosen volumes, pans, tempo and pitch.

A stem that was separated further can be unfolded: the stems that came out of it are mixed in its place, called
``drums-kick``. Its own volume and pan hold for all of them.

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
from separation.delivery.permissions import VisibleSeparation, shown_under, stem_of
from separation.models import Separation, Stem

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
class _Part:
    """A stem to mix. ``name`` is ``drums-kick`` for one that came out of the stem called ``group``, ``drums``."""

    name: str
    group: str
    stem: Stem
    gain: float
    """What all stems of its separation were multiplied by."""
    keeps_pitch: bool


@dataclass(frozen=True)
class MixOrder:
    """What to make for a mix, and its ``description`` for file names: ``no vocals, tempo x0.8``."""

    recipe: Recipe
    description: str


def order_mix(
    separation: Separation,
    track: Track,
    settings: MixSettings,
    codec: str,
    bitrate: int | None,
    *,
    unfolded: Sequence[Separation] = (),
) -> MixOrder:
    """Order the mix of ``settings``. Where it is one stem or the whole song unchanged, that is encoded without mixing.

    ``unfolded`` are separations of its stems, whose stems take their place. A stretched mix is always made of stems, as
    the player makes it; drums keep their pitch.

    Raises ``CatalogError``: ``not_ready`` (409), ``no_beats`` (409), ``unknown_stem``, ``silent_mix``, ``bad_range``,
    ``unknown_codec``, ``bad_bitrate``.
    """
    kbits, cover_key = check_codec(codec, bitrate), track.picture
    whole = stem_of(separation, track)
    parts = _parts(separation, whole.name if whole else "", unfolded, settings)
    settings = _spread(settings, parts)
    names = [part.name for part in parts]
    gains = dict.fromkeys(names, 1.0) | dict(settings.gains)
    pans = dict(settings.pans)
    audible = [part for part in parts if gains[part.name] > 0]
    if not audible and settings.click:
        audible = parts[:1]  # at 0: the clicks alone
    if not audible:
        silent = _("Nothing would be heard: every part is at 0.")
        raise CatalogError("silent_mix", silent, by_field={name: [silent] for name in names})
    if all(part.keeps_pitch for part in audible):
        settings = replace(settings, semitones=0.0)
    settings = replace(settings, cut=_check_cut(settings.cut, separation.mixture.frames))
    described = ([whole.name] if whole else []) + [describe_mix(names, settings)]
    description = ", ".join(filter(None, described))
    clicks = clicks_of(track, settings)
    if settings.gains or settings.pans or settings.is_stretched:
        only = audible[0] if len(audible) == 1 and gains[audible[0].name] == 1 and not pans else None
        source = only.stem.audio if only else None
        mixed = tuple(
            MixPart(
                part.stem.audio,
                gains[part.name] / part.gain,
                part.keeps_pitch,
                pans.get(part.name, 0.0),
            )
            for part in audible
        )
    else:
        only, source = None, separation.mixture
        mixed = (MixPart(separation.mixture, 1.0 / (whole.separation.gain if whole else 1.0)),)
    if source is not None and clicks is None and not settings.is_stretched and settings.cut == WHOLE:
        tags = tags_for(track, only.stem.name if only else whole.name if whole else "")
        return MixOrder(Recipe(source, codec, kbits, tags, cover_key), description)
    mix = Mix(mixed, settings.tempo, settings.semitones, settings.cut, clicks)
    tags = tags_for(track, description)
    return MixOrder(Recipe(separation.mixture, codec, kbits, tags, cover_key, mix), description)


def unfolded_by(visible: VisibleSeparation, ids: Sequence[str]) -> list[Separation]:
    """Find the separations of stems of ``visible`` with these ids, at most one for each stem.

    Raises ``CatalogError("unknown_separation")`` (400).
    """
    if not ids:
        return []
    rows = shown_under(visible.separation.stems.all(), visible.track).filter(stopped_at=None)
    known = {str(row.separation_id): row.separation for row in rows}
    found = [known[pk] for pk in ids if pk in known]
    if len(found) < len(ids) or len({row.mixture_id for row in found}) < len(found):
        sentence = _("One of these is no separation of a part of this one, or two are of the same part.")
        raise CatalogError("unknown_separation", sentence, by_field={"unfolded": [sentence]})
    return found


def _parts(
    separation: Separation, whole: str, unfolded: Sequence[Separation], settings: MixSettings
) -> list[_Part]:
    """List what is mixed, in order; ``whole`` is the name of the stem that was separated, empty for a song.

    A stem that is silent as a whole stays folded. Raises ``CatalogError``: ``not_ready`` (409), ``unknown_stem``.
    """
    gains = dict(settings.gains)
    further = {child.mixture_id: select_stems(child, None) for child in unfolded}
    children = {child.mixture_id: child for child in unfolded}
    parts, names = [], set()
    for stem in select_stems(separation, None):
        names.add(stem.name)
        keeps_pitch = (whole or stem.name) == FIXED_PITCH
        inner = [
            _Part(f"{stem.name}-{part.name}", stem.name, part, children[stem.audio_id].gain, keeps_pitch)
            for part in further.get(stem.audio_id, ())
        ]
        names |= {part.name for part in inner}
        own = _Part(stem.name, "", stem, separation.gain, keeps_pitch)
        parts += inner if inner and gains.get(stem.name, 1) else [own]
    if unknown := [name for name in gains | dict(settings.pans) if name not in names]:
        sentence = _("There is no stem called %(names)s here.") % {"names": ", ".join(unknown)}
        raise CatalogError("unknown_stem", sentence, by_field={name: [sentence] for name in unknown})
    return parts


def _spread(settings: MixSettings, parts: Sequence[_Part]) -> MixSettings:
    """Apply volume and pan of each unfolded stem to the parts that take its place."""
    gains, pans = dict(settings.gains), dict(settings.pans)
    louder = {part.name: gains.get(part.group, 1.0) * gains.get(part.name, 1.0) for part in parts}
    moved = {part.name: pans.get(part.group, 0.0) + pans.get(part.name, 0.0) for part in parts}
    spread = MixSettings.of(louder, pans={name: min(max(pan, -1.0), 1.0) for name, pan in moved.items()})
    return replace(settings, gains=spread.gains, pans=spread.pans)


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
