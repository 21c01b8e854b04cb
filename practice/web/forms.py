"""Ways to set and change the beats of a song. People count beats from 1 and time in seconds."""

import json
import math
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audio.formats import STEREO_RATE
from catalog.errors import CatalogError
from practice import beats
from practice.beats import Grid

LONGEST_SHIFT = 10_000  # milliseconds


class TempoField(forms.FloatField):
    def __init__(self, **options: Any) -> None:
        options = {"label": _("Tempo, in beats a minute"), **options}
        super().__init__(min_value=beats.SLOWEST, max_value=beats.FASTEST, step_size=None, **options)
        self.widget.attrs["step"] = "any"


class SecondsField(forms.FloatField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, **options)
        self.widget.attrs["step"] = "any"


class BeatField(forms.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=10_000_000, **options)

    def clean(self, value: Any) -> int:
        """Return the number of the beat, counted from 0."""
        return int(super().clean(value)) - 1


class PerBarField(forms.IntegerField):
    def __init__(self) -> None:
        label = _("Beats in a bar")
        super().__init__(label=label, min_value=1, max_value=beats.MOST_BEATS_PER_BAR, initial=4)


class BeatsForm(forms.Form):
    """One change of the beats."""

    needs_beats = True

    def changed(self, grid: Grid | None, length: int) -> Grid | None:
        """Return the beats after the change, for a song of ``length`` frames. Raises ``CatalogError("bad_beats")``."""
        if grid is None:
            raise CatalogError("bad_beats", _("This song has no beats yet. Set a tempo first."))
        return self.change(grid, length)

    def change(self, grid: Grid, length: int) -> Grid | None:
        """Change existing beats."""
        raise NotImplementedError


class TempoForm(BeatsForm):
    needs_beats = False
    tempo = TempoField()
    beats_per_bar = PerBarField()
    downbeat = SecondsField(
        label=_("The one is at second"),
        initial=0,
        help_text=_("Any first beat of a bar. The beats go on from there to both ends of the song."),
    )

    def changed(self, grid: Grid | None, length: int) -> Grid:  # noqa: ARG002 (replaces what there was)
        values = self.cleaned_data
        return beats.constant(
            values["tempo"], values["beats_per_bar"], values["downbeat"] * STEREO_RATE, length
        )


class TapsForm(BeatsForm):
    needs_beats = False
    taps = forms.CharField(max_length=40_000, required=False, widget=forms.HiddenInput)
    beats_per_bar = PerBarField()

    def changed(self, grid: Grid | None, length: int) -> Grid:  # noqa: ARG002 (replaces what there was)
        taps = [tap * STEREO_RATE for tap in _numbers(self.cleaned_data["taps"])]
        return beats.from_taps(taps, self.cleaned_data["beats_per_bar"], length)


def _numbers(text: str) -> list[float]:
    """Parse a list of taps, in seconds. Raises ``CatalogError("bad_beats")``."""
    try:
        numbers = [float(tap) for tap in json.loads(text)]
    except (ValueError, TypeError, RecursionError) as error:
        raise CatalogError("bad_beats", _("Tap at least four beats.")) from error
    if len(numbers) > beats.MOST_TAPS or not all(map(math.isfinite, numbers)):
        raise CatalogError("bad_beats", _("These are too many taps."))
    return numbers


class MoveForm(BeatsForm):
    beat = BeatField(label=_("Beat"))
    seconds = SecondsField(label=_("Move it to second"))
    alone = forms.BooleanField(
        label=_("Leave all other beats where they are"),
        required=False,
        help_text=_("Otherwise the beats around it follow, up to the next one that was placed."),
    )

    def change(self, grid: Grid, length: int) -> Grid:
        values = self.cleaned_data
        frame = round(values["seconds"] * STEREO_RATE)
        return beats.move(grid, values["beat"], frame, length, alone=values["alone"])


class TempoFromForm(BeatsForm):
    beat = BeatField(label=_("From beat"))
    tempo = TempoField()

    def change(self, grid: Grid, length: int) -> Grid:
        return beats.set_tempo(grid, self.cleaned_data["beat"], self.cleaned_data["tempo"], length)


class BarsForm(BeatsForm):
    beat = BeatField(label=_("First beat of a bar"))
    beats_per_bar = PerBarField()
    everywhere = forms.BooleanField(
        label=_("In the whole song"),
        required=False,
        initial=True,
        help_text=_("Otherwise from this beat on."),
    )

    def change(self, grid: Grid, length: int) -> Grid:  # noqa: ARG002 (the same for all changes)
        values = self.cleaned_data
        return beats.set_bars(grid, values["beat"], values["beats_per_bar"], everywhere=values["everywhere"])


class ShiftForm(BeatsForm):
    milliseconds = forms.IntegerField(
        label=_("Milliseconds"),
        min_value=-LONGEST_SHIFT,
        max_value=LONGEST_SHIFT,
        help_text=_("A negative number moves them to an earlier time."),
    )

    def change(self, grid: Grid, length: int) -> Grid:
        return beats.shift(grid, round(self.cleaned_data["milliseconds"] * STEREO_RATE / 1000), length)


class DoubleForm(BeatsForm):
    def change(self, grid: Grid, length: int) -> Grid:
        return beats.double(grid, length)


class HalveForm(BeatsForm):
    def change(self, grid: Grid, length: int) -> Grid:
        return beats.halve(grid, length)


class RemoveForm(BeatsForm):
    def change(self, grid: Grid, length: int) -> None:  # noqa: ARG002 (the same for all changes)
        return None


FORMS: dict[str, type[BeatsForm]] = {
    "taps": TapsForm,
    "tempo": TempoForm,
    "move": MoveForm,
    "from": TempoFromForm,
    "bars": BarsForm,
    "shift": ShiftForm,
    "double": DoubleForm,
    "halve": HalveForm,
    "remove": RemoveForm,
}
