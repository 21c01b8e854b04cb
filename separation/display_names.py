"""Names of models and stems for people, in the language of the request."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from separation.engines.descriptors import ModelSpec, Translation
from separation.engines.modelspec import SPECS
from separation.stem_looks import LOOKS, look

_PLACES = {name: place for place, name in enumerate(LOOKS)}

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
    """Return the name of a stem for people."""
    return look(name).label


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


def texts(spec: ModelSpec) -> Translation:
    """Return the descriptor's own texts in the language of the request, or in English."""
    language = get_language() or "en"
    for translation in spec.translations:
        if translation.language == language.partition("-")[0]:
            return translation if translation.cost else replace(translation, cost=_cost_source(spec))
    return Translation("en", spec.licence, spec.provenance, _cost_source(spec))


def _cost_source(spec: ModelSpec) -> str:
    return spec.cost.source if spec.cost else ""


def describe_slug(slug: str) -> ModelChoice:
    """Describe the model of a separation, also one that is no longer known."""
    spec = SPECS.get(slug)
    return describe(spec) if spec else ModelChoice(slug, slug, "", ())
