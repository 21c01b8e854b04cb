"""The upload form for browsers without scripts; with scripts the page uses the API."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Visibility
from separation import model_choice
from separation.engines.descriptors import ModelUnavailable
from separation.web.model_menu import OptionGroup

NO_MODEL = "none"


class UploadForm(forms.Form):
    file = forms.FileField(label=_("Audio file"), allow_empty_file=True)
    visibility = forms.ChoiceField(
        label=_("Who may hear it"), choices=Visibility.choices, initial=Visibility.SHARED
    )

    def __init__(self, *args: Any, menu: Sequence[OptionGroup], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.menu = menu
        options = [option for group in menu for option in [*group.first, *group.more]]
        known = [(option.model.slug, option.model.title) for option in options]
        self.fields["model"] = forms.ChoiceField(choices=[*known, (NO_MODEL, _("Nothing yet"))])
        self.initial.setdefault("model", self._first() if known else NO_MODEL)

    def _first(self) -> str:
        """Return the default model, else the first one."""
        try:
            return model_choice.default().slug
        except ModelUnavailable:
            return self.menu[0].first[0].model.slug
