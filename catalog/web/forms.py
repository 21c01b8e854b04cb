"""Forms to edit songs, artists and albums, and to report a song."""

import json
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audio.tags.cleaning import clean_text
from catalog.curation.errors import ConflictError
from catalog.curation.fields import Details, Named, details, readable
from catalog.curation.reports import LONGEST
from catalog.models import Report, Track, Visibility
from catalog.uploads import raw_names

MOST_GUESTS = 12


class NameField(forms.CharField):
    """One line without control characters, as everywhere in the catalogue; suggests what is there already."""

    def __init__(self, *, suggest: str = "", **kwargs: Any) -> None:
        super().__init__(max_length=kwargs.pop("max_length", 255), **kwargs)
        if suggest:
            names = reverse_lazy(f"api:{suggest}")
            self.widget.attrs |= {"list": suggest, "data-name-list": names, "autocomplete": "off"}

    def clean(self, value: Any) -> str:
        """Clean the text; where a name is needed, something must be left of it."""
        text = clean_text(super().clean(value)) or ""
        if not text and self.required:
            raise forms.ValidationError(_("This name has no letters."))
        return text


class GuestsField(forms.CharField):
    """Names with semicolons between them: commas stand in the names of bands."""

    def to_python(self, value: Any) -> Any:
        names = [clean_text(part) for part in (super().to_python(value) or "").split(";")]
        return list(dict.fromkeys(name for name in names if name))

    def validate(self, value: Any) -> None:
        super().validate(value)
        if len(value) > MOST_GUESTS:
            raise forms.ValidationError(_("Too many names."))

    def run_validators(self, value: Any) -> None:
        """Skip the validators of text: this is a list, and each name was cleaned."""

    def prepare_value(self, value: Any) -> Any:
        return "; ".join(value) if isinstance(value, list) else value


class YearField(forms.IntegerField):
    def __init__(self) -> None:
        super().__init__(label=_("Year"), required=False, min_value=1000, max_value=2999)


class NumberField(forms.IntegerField):
    def __init__(self, label: Any) -> None:
        super().__init__(label=label, required=False, min_value=1, max_value=9999)


class EditForm(forms.Form):
    """The details of a row. ``seen`` is what they were when the form was shown, so that nobody overwrites unknowingly
    what somebody else did meanwhile."""

    seen = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, row: Named, **kwargs: Any) -> None:
        now = details(row)
        super().__init__(data, initial={**now, "seen": now, **kwargs.pop("initial", {})}, **kwargs)
        self.fields["seen"] = self.fields.pop("seen")  # last, where it is in nobody's way

    @property
    def values(self) -> Details:
        """Return what was sent, by the names of ``details()``."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}

    @property
    def was(self) -> Details | None:
        seen = self.cleaned_data.get("seen")
        return seen if isinstance(seen, dict) else None

    def show(self, conflict: ConflictError) -> None:
        """Say what somebody else made of it; saving again then is a decision."""
        self.add_error(None, str(conflict.detail))
        for name in conflict.fields:
            if name in self.fields:
                sentence = _("It is now: %(value)s") % {"value": readable(conflict.now[name])}
                self.add_error(name, sentence)
        self.data = {**self.data.dict(), "seen": json.dumps(conflict.now)}  # type: ignore[attr-defined]


class TrackForm(EditForm):
    """What a track is called and who may hear it; artist and album as text. Saved by ``editing.edit``."""

    title = NameField(label=_("Title"))
    artist = NameField(label=_("Artist"), suggest="artists")
    guests = GuestsField(
        label=_("Featured artists"),
        required=False,
        max_length=2000,
        help_text=_("Other artists on this song, separated by semicolons."),
    )
    album = NameField(label=_("Album"), required=False, suggest="albums")
    album_artist = NameField(
        label=_("Album artist"),
        required=False,
        suggest="artists",
        help_text=_("Leave empty if it is the same artist."),
    )
    disc_number = NumberField(_("Disc"))
    track_number = NumberField(_("Track number"))
    genre = NameField(label=_("Genre"), required=False, max_length=80)
    year = YearField()
    encoding = forms.ChoiceField(
        label=_("Encoding of the names"),
        required=False,
        help_text=_(
            "The file does not say how its names are encoded. Choose the encoding in which they read correctly."
        ),
    )
    visibility = forms.ChoiceField(label=_("Who may hear it"), choices=Visibility.choices)

    def __init__(self, data: Any = None, *, instance: Track, user: User, **kwargs: Any) -> None:
        super().__init__(data, row=instance, initial={"visibility": instance.visibility}, **kwargs)
        choices = raw_names.choices(instance)
        self.fields["encoding"].choices = [("", _("Leave the names as they are")), *choices]  # type: ignore[attr-defined]  # of a choice field
        if not choices:
            del self.fields["encoding"]
        if instance.owner_id != user.pk:
            del self.fields["visibility"]  # only its owner decides that


class ArtistForm(EditForm):
    """What an artist is called. Saved by ``editing.edit_artist``."""

    name = NameField(label=_("Name"))
    sort_name = NameField(
        label=_("Sorted as"),
        required=False,
        help_text=_("For example “Beatles, The”. Leave empty to derive it from the name."),
    )


class AlbumForm(EditForm):
    """What an album is called and whose it is. Saved by ``editing.edit_album``."""

    title = NameField(label=_("Title"))
    artist = NameField(label=_("Artist"), suggest="artists")
    year = YearField()
    compilation = forms.BooleanField(label=_("Compilation of several artists"), required=False)


class ReportForm(forms.Form):
    """What is wrong with a song."""

    reason = forms.ChoiceField(
        label=_("What is wrong"), choices=Report.Reason.choices, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label=_("Tell us more"), required=False, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 4})
    )
