"""Names of models and stems for people, in the language of the request."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from separation.engines.descriptors import ModelSpec
from separation.engines.modelspec import SPECS

STEMS: dict[str, Promise] = {
    "vocals": gettext_lazy("Vocals"),
    "accompaniment": gettext_lazy("Accompaniment"),
    "drums": gettext_lazy("Drums"),
    "bass": gettext_lazy("Bass"),
    "piano": gettext_lazy("Piano"),
    "other": gettext_lazy("Other"),
}


def stem_label(name: str) -> Promise | str:
    """Return the name of a stem for people; an unknown one stays as it is."""
    return STEMS.get(name, name)


@dataclass(frozen=True)
class ModelChoice:
    """A model as people choose it: ``title`` names its stems, ``detail`` describes it."""

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
    """Describe ``spec`` for people."""
    if spec.bundled:
        detail = _("Fast. A small model, good for a first listen.")
    elif spec.family != "spleeter":
        detail = ""
    elif spec.slug.endswith("-16kHz"):
        detail = _("Spleeter, for frequencies up to 16 kHz.")
    else:
        detail = _("Spleeter, the well-known model.")
    return ModelChoice(spec.slug, _title(spec.stems), detail, spec.stems)


def describe_slug(slug: str) -> ModelChoice:
    """Describe the model of a separation, also one that is no longer known."""
    spec = SPECS.get(slug)
    return describe(spec) if spec else ModelChoice(slug, slug, "", ())
