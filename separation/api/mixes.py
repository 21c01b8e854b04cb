"""Mixes: one file of a separation's stems, with volumes, pans, tempo and pitch."""

import math
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle

from catalog.api.query_parameters import query_parameters
from catalog.storage.encoding_pool import is_in_progress
from catalog.storage.recipes import Recipe
from catalog.storage.renditions import find_rendition
from separation.api.downloads import (
    AUDIO_FILES,
    FILE_RESPONSES,
    PREFER,
    EncodedFileView,
    requested_encoding,
    send_rendition,
)
from separation.api.request_serializers import EncodingSerializer
from separation.api.separations import SeparationMixin
from separation.delivery import mixes
from separation.engines import modelspec

PAN = "_pan"  # after the name of a stem


def stem_names() -> tuple[str, ...]:
    """Name the stems of all models; one of a stem of a song is called ``drums-kick``, or alone in a mix of its own."""
    names = [(spec.takes, stem) for spec in modelspec.SPECS.values() for stem in spec.stems]
    whole = [stem for _takes, stem in names]
    return tuple(dict.fromkeys([*whole, *(f"{takes}-{stem}" for takes, stem in names if takes)]))


class EmptyIsDefault(serializers.Field[Any, Any, Any, Any]):
    """A parameter of a query; an empty one is the default."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(serializers.empty if data == "" else data)


class CountField(EmptyIsDefault, serializers.IntegerField):
    """A whole number of a query."""


class NumberField(EmptyIsDefault, serializers.FloatField):
    """A number of a query."""

    def to_internal_value(self, data: Any) -> float:
        number: float = super().to_internal_value(data)
        if not math.isfinite(number):  # no bound holds against "nan"
            self.fail("invalid")
        return number


def _gain(stem: str) -> NumberField:
    help_text = f"Gain of the stem `{stem}`: 0 leaves it out, 1 (if left out) is as loud as in the song."
    return NumberField(required=False, min_value=0, max_value=mixes.LOUDEST, help_text=help_text)


def _pan(stem: str) -> NumberField:
    help_text = f"Pan of the stem `{stem}`: -1 is left, 1 is right, 0 (if left out) is as in the song."
    return NumberField(required=False, min_value=-1, max_value=1, help_text=help_text)


class MixQuerySerializer(EncodingSerializer):
    tempo = NumberField(
        required=False,
        default=1.0,
        min_value=mixes.TEMPOS[0],
        max_value=mixes.TEMPOS[1],
        help_text="2 is twice as fast, 0.5 half as fast; the pitch stays.",
    )
    semitones = NumberField(
        required=False,
        default=0.0,
        min_value=-mixes.SEMITONES,
        max_value=mixes.SEMITONES,
        help_text="So much higher, or lower; the tempo stays, and so does the pitch of a stem `drums`.",
    )
    cents = NumberField(
        required=False,
        default=0.0,
        min_value=-mixes.CENTS,
        max_value=mixes.CENTS,
        help_text="Hundredths of a semitone, added to `semitones`: `-15`.",
    )
    to = NumberField(
        required=False,
        min_value=0,
        max_value=mixes.LATEST,
        help_text="Seconds of the song at which the mix ends: `80.25`. Left out, the end. Cuts are faded by 5 ms.",
    )
    click = NumberField(
        required=False,
        default=0.0,
        min_value=0,
        max_value=mixes.LOUDEST,
        help_text="Volume of a metronome, where the song has beats; 0 is none.",
    )
    countin = CountField(
        required=False,
        default=0,
        min_value=0,
        max_value=mixes.MOST_COUNT_IN,
        help_text="So many bars are counted in before the music.",
    )
    unfolded = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=400,
        help_text="Ids of separations of stems of this one, separated by commas. What they made is mixed in place of "
        "the stems, and called `drums-kick`; volume and pan of `drums` hold for all of it.",
    )
    v = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="The beginning of the entity tag."
    )

    def get_fields(self) -> dict[str, Any]:
        # A keyword of Python cannot be an attribute.
        start = NumberField(
            required=False,
            default=0.0,
            min_value=0,
            max_value=mixes.LATEST,
            help_text="Seconds of the song at which the mix begins: `65.5`.",
        )
        names = self.context.get("stems") or stem_names()
        stems = {stem: _gain(stem) for stem in names} | {f"{stem}{PAN}": _pan(stem) for stem in names}
        return stems | {"from": start} | super().get_fields()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse unknown parameters: a misspelt stem would be heard at its full volume."""
        if unknown := self.initial_data.keys() - self.fields.keys():
            sentence = _("There is no such parameter.")
            raise serializers.ValidationError({name[:80]: [sentence] for name in sorted(unknown)[:20]})
        return attrs


class MixView(EncodedFileView, SeparationMixin):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="separations_mix",
        parameters=[MixQuerySerializer, PREFER],
        responses={
            **AUDIO_FILES,
            **FILE_RESPONSES,
            409: OpenApiResponse(description="Not finished; `no_beats`: nothing is known to click on."),
        },
    )
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        """Download a mix of the stems.

        Each has its volume (`vocals=0` leaves the singer out) and pan (`bass_pan=-0.5`); all of them faster or slower,
        higher or lower, or only a part of the song.

        Made once for everybody who asks for the same. A mix that would clip is made quieter as a whole, by one gain.
        """
        visible = self.visible(pk)
        own = visible.separation.stems.values_list("name", flat=True)  # of a model that may be gone
        stems = dict.fromkeys((*stem_names(), *own))
        parameters = query_parameters(self, MixQuerySerializer, stems=stems)
        codec, bitrate = requested_encoding(request, parameters)
        gains = {stem: parameters[stem] for stem in stems if stem in parameters}
        pans = {stem: parameters[f"{stem}{PAN}"] for stem in stems if f"{stem}{PAN}" in parameters}
        unfolded = [pk.strip() for pk in parameters["unfolded"].split(",") if pk.strip()]
        settings = mixes.MixSettings.of(
            gains,
            parameters["tempo"],
            parameters["semitones"],
            cents=parameters["cents"],
            start=parameters["from"],
            stop=parameters.get("to"),
            click=parameters["click"],
            countin=parameters["countin"],
            pans=pans,
        )
        further = mixes.unfolded_by(visible, unfolded)
        mix = mixes.order_mix(visible.separation, visible.track, settings, codec, bitrate, unfolded=further)
        self.limit_new_mixes(request, mix.recipe)
        (rendition,) = self.obtain(request, [mix.recipe])
        return send_rendition(request, rendition, codec, visible.track, mix.description)

    def limit_new_mixes(self, request: Request, recipe: Recipe) -> None:
        """Count the mix for the rate limit unless it exists or is being made. Raises ``Throttled``."""
        if find_rendition(recipe) is None and not is_in_progress(recipe):
            self.throttle_scope = "mixes"
            throttle = ScopedRateThrottle()
            if not throttle.allow_request(request, self):
                raise Throttled(throttle.wait())
