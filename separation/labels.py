"""Plain words for models and stems, in the language of the person who reads."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from separation.engines.modelspec import SPECS, ModelSpec

STEMS: dict[str, Promise] = {
    "vocals": gettext_lazy("Vocals"),
    "accompaniment": gettext_lazy("Accompaniment"),
    "drums": gettext_lazy("Drums"),
    "bass": gettext_lazy("Bass"),
    "piano": gettext_lazy("Piano"),
    "other": gettext_lazy("Other"),
}


def stem_label(name: str) -> Promise | str:
    """``"vocals"`` is "Vocals"; a name we do not know stays as it is."""
    return STEMS.get(name, name)


@dataclass(frozen=True)
class ModelChoice:
    """A model as a person chooses it: what comes out first, its own name second."""

    slug: str
    title: str
    detail: str
    stems: tuple[str, ...]


def _title(stems: tuple[str, ...]) -> str:
    match len(stems):
        case 2:
            return _("Vocals and accompaniment")
        case 4:
            return _("Vocals, drums, bass, other")
        case 5:
            return _("Vocals, piano, drums, bass, other")
    return ", ".join(str(stem_label(name)) for name in stems)


def describe(spec: ModelSpec) -> ModelChoice:
    """How to name ``spec`` to a person."""
    if spec.bundled:
        detail = _("Fast. A small model, good for a first listen.")
    elif spec.slug.endswith("-16kHz"):
        detail = _("Spleeter, for frequencies up to 16 kHz.")
    else:
        detail = _("Spleeter, the well-known model.")
    return ModelChoice(spec.slug, _title(spec.stems), detail, spec.stems)


def describe_slug(slug: str) -> ModelChoice:
    """How to name the model of a finished separation, also one that is no longer installed."""
    spec = SPECS.get(slug)
    return describe(spec) if spec else ModelChoice(slug, slug, "", ())
