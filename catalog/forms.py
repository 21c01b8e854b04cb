"""Forms for people who look after their songs."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.audio.tags import clean_text
from catalog.models import Track


class TrackForm(forms.ModelForm):  # type: ignore[type-arg]  # Django has no generics when it runs
    """What a track is called and who may hear it; artist and album as text. Saved by ``editing.edit``."""

    artist = forms.CharField(label=_("Artist"), max_length=255)
    album = forms.CharField(label=_("Album"), max_length=255, required=False)

    field_order = ["title", "artist", "album", "genre", "year", "visibility"]

    class Meta:
        model = Track
        fields = ["title", "genre", "year", "visibility"]
        labels = {"visibility": _("Who may hear it")}

    def __init__(self, *args: Any, instance: Track, user: User, **kwargs: Any) -> None:
        kwargs["instance"] = instance
        kwargs["initial"] = {
            "artist": instance.artist.name,
            "album": instance.album.title if instance.album else "",
        }
        super().__init__(*args, **kwargs)
        if instance.owner_id != user.pk:
            del self.fields["visibility"]  # only its owner decides that

    def clean(self) -> dict[str, Any]:
        """Names without control characters, as everywhere in the catalogue."""
        data = super().clean() or self.cleaned_data
        for field in ("title", "artist", "album", "genre"):
            if field in data:
                data[field] = clean_text(data[field]) or ""
        for field in ("title", "artist"):
            if field in data and not data[field]:
                self.add_error(field, _("This name has no letters."))
        return data

    def _post_clean(self) -> None:
        """Leave the row alone: ``editing.edit`` changes it, and knows artists and albums by their names."""
