"""Name, colour and picture of every stem, also of those that no model here gives yet.

Any model may give stems of any name, such as those of an exchange file. A name never becomes a class of a style sheet
or the address of a picture by itself: it might be that of something else on the page.
"""

from dataclasses import dataclass
from zlib import crc32

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Look:
    """How people see a stem: ``colour`` is a class of ``stems.css``, ``icon`` a picture of ``icons.svg``."""

    label: Promise | str
    colour: str
    icon: str


# In the order in which people see them.
LOOKS: dict[str, Look] = {
    name: Look(label, name, name)
    for name, label in {
        "vocals": _("Vocals"),
        "accompaniment": _("Accompaniment"),
        "guitar": _("Guitar"),
        "piano": _("Piano"),
        "drums": _("Drums"),
        "bass": _("Bass"),
        "lead": _("Lead vocals"),
        "backing": _("Backing vocals"),
        "kick": _("Bass drum"),
        "snare": _("Snare drum"),
        "toms": _("Toms"),
        "hihat": _("Hi-hat"),
        "cymbals": _("Cymbals"),
        "other": _("Other"),
    }.items()
}
FURTHER: dict[str, Look] = {
    "lead_vocals": Look(_("Lead vocals"), "lead", "lead"),
    "backing_vocals": Look(_("Backing vocals"), "backing", "backing"),
    "choir": Look(_("Choir"), "backing", "backing"),
    "speech": Look(_("Speech"), "vocals", "vocals"),
    "hi_hat": Look(_("Hi-hat"), "hihat", "hihat"),
    "hh": Look(_("Hi-hat"), "hihat", "hihat"),
    "ride": Look(_("Ride cymbal"), "stem-slate", "cymbals"),
    "crash": Look(_("Crash cymbal"), "piano", "cymbals"),
    "percussion": Look(_("Percussion"), "stem-brown", "drums"),
    "acoustic_guitar": Look(_("Acoustic guitar"), "guitar", "guitar"),
    "electric_guitar": Look(_("Electric guitar"), "stem-brown", "guitar"),
    "keys": Look(_("Keyboards"), "piano", "piano"),
    "keyboards": Look(_("Keyboards"), "piano", "piano"),
    "organ": Look(_("Organ"), "stem-slate", "piano"),
    "synth": Look(_("Synthesizer"), "stem-teal", "piano"),
    "strings": Look(_("Strings"), "stem-brown", "note"),
    "winds": Look(_("Winds"), "stem-teal", "note"),
    "brass": Look(_("Brass"), "stem-slate", "note"),
    "instrumental": Look(_("Accompaniment"), "accompaniment", "accompaniment"),
    "music": Look(_("Music"), "accompaniment", "accompaniment"),
    "effects": Look(_("Effects"), "stem-violet", "other"),
    "rest": Look(_("Other"), "other", "other"),
    "residual": Look(_("Other"), "other", "other"),
}
"""Stems that exchange files give, or that are taken from another stem."""

SPARE = ("stem-violet", "stem-teal", "stem-brown", "stem-slate")
"""Colours of stems that nobody foresaw: each name always gets the same."""


def look(name: str) -> Look:
    """Return how people see the stem called ``name``; ``"foo_bar"`` is shown as ``"Foo bar"``."""
    known = LOOKS.get(name) or FURTHER.get(name)
    if known:
        return known
    words = name.replace("_", " ").strip()
    return Look(words[:1].upper() + words[1:], SPARE[crc32(name.encode()) % len(SPARE)], "note")
