"""How an entry of a setlist is played, in words."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

from django import template
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.templatetags.pictures import minutes
from separation.display_names import stem_label

register = template.Library()


@register.filter
def in_words(settings: Mapping[str, Any]) -> str:
    """Describe settings, as in ``catalog.api.playback_settings``: "80 %, -2 semitones, without vocals"."""
    parts = [_stretch(settings), _mix(settings.get("stems", {})), _loop(settings), _clicks(settings)]
    return ", ".join(word for part in parts for word in part)


def _stretch(settings: Mapping[str, Any]) -> list[str]:
    words = []
    if (speed := round(100 * settings.get("speed", 1))) != 100:
        words.append(f"{speed} %")
    if semitones := settings.get("semitones", 0):
        plural = 1 if abs(semitones) == 1 else 2
        words.append(ngettext("%(n)s semitone", "%(n)s semitones", plural) % {"n": _signed(semitones)})
    if cents := settings.get("cents", 0):
        words.append(_("%(n)s cents") % {"n": _signed(cents)})
    return words


def _signed(number: float) -> str:
    return f"{number:+g}".replace("-", "\N{MINUS SIGN}")


def _mix(stems: Mapping[str, Mapping[str, Any]]) -> list[str]:
    words = []
    silent = [name for name, stem in stems.items() if stem.get("muted") or stem.get("volume", 1) == 0]
    alone = [name for name, stem in stems.items() if stem.get("solo") and name not in silent]
    if alone:
        words.append(_("only %(stems)s") % {"stems": _listed(alone)})
    elif silent:
        words.append(_("without %(stems)s") % {"stems": _listed(silent)})
    for name, stem in stems.items():
        if name in silent or (alone and name not in alone):
            continue
        if (percent := _slider(stem.get("volume", 1))) != 100:
            words.append(_("%(stem)s at %(percent)s %%") % {"stem": _name(name), "percent": percent})
        if pan := stem.get("pan", 0):
            sentence = _("%(stem)s to the left") if pan < 0 else _("%(stem)s to the right")
            words.append(sentence % {"stem": _name(name)})
    return words


def _slider(gain: float) -> int:
    """Calculate where the slider of the player stands, in percent; up to 1, the gain is its square."""
    return round(100 * (gain if gain > 1 else sqrt(gain)))


def _name(stem: str) -> str:
    return str(stem_label(stem.rpartition("-")[2])).lower()  # of "drums-kick", the part


def _listed(stems: list[str]) -> str:
    return get_text_list([_name(stem) for stem in stems], _("and"))


def _loop(settings: Mapping[str, Any]) -> list[str]:
    if settings.get("from") is None or settings.get("to") is None:
        return []
    start, stop = minutes(settings["from"]), minutes(settings["to"])
    return [_("loop from %(start)s to %(stop)s") % {"start": start, "stop": stop}]


def _clicks(settings: Mapping[str, Any]) -> list[str]:
    words = [_("metronome")] if settings.get("click") else []
    if bars := settings.get("countin", 0):
        words.append(ngettext("%(n)s bar counted in", "%(n)s bars counted in", bars) % {"n": bars})
    return words
