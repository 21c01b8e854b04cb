"""Names of models and stems for people, in the language of the request."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.functional import Promise, lazy
from django.utils.text import format_lazy
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from separation.engines.descriptors import ModelSpec, Translation
from separation.engines.modelspec import SPECS
from separation.stem_looks import LOOKS, look

_PLACES = {name: place for place, name in enumerate(LOOKS)}

_DESCRIPTIONS: dict[str, tuple[Promise | str, Promise]] = {
    "compact": (gettext_lazy("Small model"), gettext_lazy("Fast, good for a first listen.")),
    "demucs:htdemucs": ("Demucs 4", gettext_lazy("Much clearer, and takes longer.")),
    "demucs:htdemucs_ft": (
        gettext_lazy("Demucs 4, a network for each part"),
        gettext_lazy("The clearest; takes four times as long."),
    ),
    "demucs:htdemucs_6s": (
        gettext_lazy("Demucs 4 with guitar and piano"),
        gettext_lazy("Clear, except for the piano."),
    ),
    "demucs:hdemucs_mmi": ("Demucs 3", gettext_lazy("Clear, and takes longer.")),
    "openunmix:umxl": ("Open-Unmix XL", gettext_lazy("A network of 2021, trained on more songs.")),
    "openunmix:umxhq": ("Open-Unmix HQ", gettext_lazy("A network of 2019.")),
    "openunmix": ("Open-Unmix", gettext_lazy("A network of 2019.")),
    "convtasnet:tasnet_extra": (
        gettext_lazy("Conv-TasNet, more songs"),
        gettext_lazy("A network of 2019, trained on more songs."),
    ),
    "convtasnet": ("Conv-TasNet", gettext_lazy("A network of 2019.")),
    "16kHz": (
        gettext_lazy("Spleeter up to 16 kHz"),
        gettext_lazy("The well-known model, with more of the high frequencies."),
    ),
    "spleeter": ("Spleeter", gettext_lazy("The well-known model, for frequencies up to 11 kHz.")),
}
"""Name and description by slug, or by what comes before the colon or after the hyphen."""


def stem_label(name: str) -> Promise | str:
    """Return the name of a stem for people."""
    return look(name).label


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort stems as people see them, whatever the order in which a model gives them; unknown ones come last."""
    return tuple(sorted(names, key=lambda name: _PLACES.get(name, len(_PLACES))))


@dataclass(frozen=True)
class ModelChoice:
    """A model as people choose it: ``title`` names its stems, ``name`` and ``detail`` describe it."""

    slug: str
    title: str
    name: str
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
    series, _colon, variant = spec.slug.partition(":")
    found = (_DESCRIPTIONS.get(key) for key in (spec.slug, variant.rpartition("-")[2], series))
    name, detail = next(filter(None, found), (spec.slug, ""))
    stems = in_order(spec.stems)
    return ModelChoice(spec.slug, _title(stems), str(name), str(detail), stems)


def texts(spec: ModelSpec) -> Translation:
    """Return the descriptor's own texts in the language of the request, or in English."""
    language = get_language() or "en"
    for translation in spec.translations:
        if translation.language == language.partition("-")[0]:
            return replace(
                translation,
                cost=translation.cost or _cost_source(spec),
                data_set=translation.data_set or _data_set(spec),
            )
    return Translation("en", spec.licence, spec.provenance, _cost_source(spec), _data_set(spec))


def _cost_source(spec: ModelSpec) -> str:
    return spec.cost.source if spec.cost else ""


def _data_set(spec: ModelSpec) -> str:
    return spec.quality[0].data_set if spec.quality else ""


def duration(seconds: float) -> str:
    """Say a time of work: ``"40 s"``, ``"4 minutes"``, ``"12 hours"``, ``"3 days"``."""
    if seconds < 90:
        return _("%(n)d s") % {"n": max(1, round(seconds))}
    minutes, hours, days = round(seconds / 60), round(seconds / 3_600), round(seconds / 86_400)
    if minutes < 90:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if hours < 48:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def describe_parts(spec: ModelSpec) -> Promise:
    """Say what a model makes of the stem that it takes: "Drums: Bass drum, Snare drum"."""
    return format_lazy("{}: {}", stem_label(spec.takes), lazy(_title, str)(in_order(spec.stems)))


def describe_slug(slug: str) -> ModelChoice:
    """Describe the model of a separation, also one that is no longer known."""
    spec = SPECS.get(slug)
    return describe(spec) if spec else ModelChoice(slug, slug, slug, "", ())
