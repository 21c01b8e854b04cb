"""Names of models and stems for people, in the language of the request."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise, lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from separation.engines.descriptors import ModelSpec
from separation.engines.modelspec import SPECS

# In the order in which people see them.
STEMS: dict[str, Promise] = {
    "vocals": gettext_lazy("Vocals"),
    "accompaniment": gettext_lazy("Accompaniment"),
    "guitar": gettext_lazy("Guitar"),
    "piano": gettext_lazy("Piano"),
    "drums": gettext_lazy("Drums"),
    "bass": gettext_lazy("Bass"),
    "lead": gettext_lazy("Lead vocals"),
    "backing": gettext_lazy("Backing vocals"),
    "kick": gettext_lazy("Bass drum"),
    "snare": gettext_lazy("Snare drum"),
    "toms": gettext_lazy("Toms"),
    "hihat": gettext_lazy("Hi-hat"),
    "cymbals": gettext_lazy("Cymbals"),
    "other": gettext_lazy("Other"),
}
_PLACES = {name: place for place, name in enumerate(STEMS)}

_DETAILS: dict[str, Promise] = {
    "demucs:htdemucs": gettext_lazy("Demucs 4. Much clearer, and takes longer."),
    "demucs:htdemucs_ft": gettext_lazy(
        "Demucs 4 with a network for each part. The clearest; takes four times as long."
    ),
    "demucs:htdemucs_6s": gettext_lazy("Demucs 4 with guitar and piano. Clear, except for the piano."),
    "demucs:hdemucs_mmi": gettext_lazy("Demucs 3. Clear, and takes longer."),
    "openunmix": gettext_lazy("Open-Unmix, a network of 2019."),
    "convtasnet": gettext_lazy("Conv-TasNet, a network of 2019."),
}
"""By slug, or by family."""


def stem_label(name: str) -> Promise | str:
    """Return the name of a stem for people; an unknown one stays as it is."""
    return STEMS.get(name, name)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort stems as people see them, whatever the order in which a model gives them; unknown ones come last."""
    return tuple(sorted(names, key=lambda name: _PLACES.get(name, len(_PLACES))))


@dataclass(frozen=True)
class ModelChoice:
    """A model as people choose it: ``title`` names its stems, ``detail`` describes it."""

    slug: str
    title: str
    detail: str
    stems: tuple[str, ...]


def _title(stems: tuple[str, ...]) -> str:
    match stems:
        case ("vocals", "accompaniment"):
            return _("Vocals and accompaniment")
        case ("vocals", "drums", "bass", "other"):
            return _("Vocals, drums, bass, other")
        case ("vocals", "piano", "drums", "bass", "other"):
            return _("Vocals, piano, drums, bass, other")
        case ("vocals", "guitar", "piano", "drums", "bass", "other"):
            return _("Vocals, guitar, piano, drums, bass, other")
    return ", ".join(str(stem_label(name)) for name in stems)


def describe(spec: ModelSpec) -> ModelChoice:
    """Describe ``spec`` for people."""
    if spec.bundled:
        detail = _("Fast. A small model, good for a first listen.")
    elif spec.family != "spleeter":
        detail = str(_DETAILS.get(spec.slug) or _DETAILS.get(spec.family) or spec.slug)
    elif spec.slug.endswith("-16kHz"):
        detail = _("Spleeter, for frequencies up to 16 kHz.")
    else:
        detail = _("Spleeter, the well-known model.")
    stems = in_order(spec.stems)
    return ModelChoice(spec.slug, _title(stems), detail, stems)


def describe_parts(spec: ModelSpec) -> Promise:
    """Say what a model makes of the stem that it takes: "Drums: Bass drum, Snare drum"."""
    return format_lazy("{}: {}", stem_label(spec.takes), lazy(_title, str)(in_order(spec.stems)))


def describe_slug(slug: str) -> ModelChoice:
    """Describe the model of a separation, also one that is no longer known."""
    spec = SPECS.get(slug)
    return describe(spec) if spec else ModelChoice(slug, slug, "", ())
