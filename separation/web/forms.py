"""The upload form for browsers without scripts; with scripts the page uses the API."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Visibility
from separation import model_choice
from separation.display_names import ModelChoice, describe

NO_MODEL = "none"


def choices() -> list[ModelChoice]:
    """Offer one model for each number of stems, the preferred one that is installed, fewest stems first."""
    best: dict[int, ModelChoice] = {}
    for spec in model_choice.available():
        best.setdefault(len(spec.stems), describe(spec))
    return [best[count] for count in sorted(best)]


class UploadForm(forms.Form):
    file = forms.FileField(label=_("Audio file"), allow_empty_file=True)
    visibility = forms.ChoiceField(
        label=_("Who may hear it"), choices=Visibility.choices, initial=Visibility.SHARED
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.models = choices()
        known = [(model.slug, model.title) for model in self.models]
        self.fields["model"] = forms.ChoiceField(choices=[*known, (NO_MODEL, _("Nothing yet"))])
        self.initial.setdefault("model", self.models[0].slug if self.models else NO_MODEL)
