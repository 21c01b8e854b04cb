"""How somebody plays a song: speed, key, mix, loop and clicks, as JSON. Kept with setlist entries and in presets."""

import math
import re
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

SPEEDS: Final = (0.5, 2.0)
SEMITONES: Final = 12
CENTS: Final = 50
LOUDEST: Final = 2.0
MOST_COUNT_IN: Final = 2  # bars
MOST_STEMS: Final = 24
MOST_SECONDS: Final = 1_000_000

STEM_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,19}")


class FiniteField(serializers.FloatField):
    """A number; no bound holds against "nan"."""

    def to_internal_value(self, data: Any) -> float:
        number: float = super().to_internal_value(data)
        if not math.isfinite(number):
            self.fail("invalid")
        return number


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses what it does not know: a misspelt name would be lost without a word."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict) and (unknown := [name for name in data if name not in self.fields]):
            sentence = _("There is no such setting.")
            raise serializers.ValidationError({str(name)[:80]: [sentence] for name in sorted(unknown)[:20]})
        return dict(super().to_internal_value(data))


def speed_field(**options: Any) -> FiniteField:
    return FiniteField(min_value=SPEEDS[0], max_value=SPEEDS[1], help_text="2 is twice as fast.", **options)


def semitones_field(**options: Any) -> FiniteField:
    return FiniteField(min_value=-SEMITONES, max_value=SEMITONES, help_text="So much higher.", **options)


def cents_field(**options: Any) -> FiniteField:
    help_text = "Hundredths of a semitone, added to them."
    return FiniteField(min_value=-CENTS, max_value=CENTS, help_text=help_text, **options)


def second_field(**options: Any) -> FiniteField:
    return FiniteField(min_value=0, max_value=MOST_SECONDS, **options)


class StemSettingsSerializer(StrictSerializer):
    volume = FiniteField(required=False, min_value=0, max_value=LOUDEST, help_text="1 is as in the song.")
    pan = FiniteField(required=False, min_value=-1, max_value=1, help_text="-1 is left, 1 is right.")
    muted = serializers.BooleanField(required=False)
    solo = serializers.BooleanField(required=False)


class PlaybackSettingsSerializer(StrictSerializer):
    """What is left out is as in the song. ``from`` and ``to`` are the loop, in seconds; ``stems`` goes by name."""

    speed = speed_field(required=False)
    semitones = semitones_field(required=False)
    cents = cents_field(required=False)
    click = FiniteField(
        required=False, min_value=0, max_value=LOUDEST, help_text="Volume of the metronome; 0 is off."
    )
    countin = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_COUNT_IN, help_text="Bars that are counted in."
    )
    stems = serializers.DictField(child=StemSettingsSerializer(), required=False)

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {
            "from": second_field(required=False),
            "to": second_field(required=False),
        }

    def validate_stems(self, stems: dict[str, Any]) -> dict[str, Any]:
        if len(stems) > MOST_STEMS or not all(map(STEM_NAME.fullmatch, stems)):
            raise serializers.ValidationError(_("There is no stem of this name."))
        return stems

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_loop(attrs)
        return attrs


def check_loop(attrs: dict[str, Any]) -> None:
    """Refuse a loop without both ends, or whose end is not after its beginning."""
    start, stop = attrs.get("from"), attrs.get("to")
    if (start is None) != (stop is None):
        raise serializers.ValidationError({"to": [_("A loop has a beginning and an end.")]})
    if start is not None and stop is not None and not start < stop:
        raise serializers.ValidationError({"to": [_("A loop ends after its beginning.")]})
