"""Mixes: one file made of a separation's stems, as somebody wants to hear them."""

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

from audio.formats import OUTPUT
from catalog.api.views import validated_query
from catalog.storage import file_responses
from catalog.storage.encoding_pool import is_being_made
from catalog.storage.renditions import Recipe, found
from separation.api.downloads import AUDIO_FILES, FILE_RESPONSES, PREFER, EncodedFileView
from separation.api.separations import SeparationMixin, encoding
from separation.api.serializers import EncodingSerializer
from separation.delivery import downloads, mixes
from separation.engines.modelspec import SPECS

STEMS = tuple(dict.fromkeys(stem for spec in SPECS.values() for stem in spec.stems))


class NumberField(serializers.FloatField):
    """A number of a query; left empty it is the default."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(serializers.empty if data == "" else data)

    def to_internal_value(self, data: Any) -> float:
        number: float = super().to_internal_value(data)
        if not math.isfinite(number):  # no bound holds against "nan"
            self.fail("invalid")
        return number


def _gain(stem: str) -> NumberField:
    said = f"Gain of the stem `{stem}`: 0 leaves it out, 1 (if left out) is as loud as in the song."
    return NumberField(required=False, min_value=0, max_value=mixes.LOUDEST, help_text=said)


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
        help_text="So much higher, or lower; the tempo stays.",
    )
    v = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="The beginning of the entity tag."
    )

    def get_fields(self) -> dict[str, Any]:
        return {stem: _gain(stem) for stem in STEMS} | super().get_fields()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A misspelt stem would be heard at its full volume: what is not known is refused."""
        if unknown := self.initial_data.keys() - self.fields.keys():
            sentence = _("There is no such parameter.")
            raise serializers.ValidationError({name[:80]: [sentence] for name in sorted(unknown)[:20]})
        return attrs


class MixView(EncodedFileView, SeparationMixin):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="separations_mix",
        parameters=[MixQuerySerializer, PREFER],
        responses={**AUDIO_FILES, **FILE_RESPONSES, 409: OpenApiResponse(description="Not finished.")},
    )
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        """Download a mix of the stems.

        Each has its volume (`vocals=0` leaves the singer out); all of them faster or slower, higher or lower.

        Made once for everybody who asks for the same. A mix that would clip is made quieter as a whole, by one gain.
        """
        seen = self.seen(pk)
        asked_for = validated_query(self, MixQuerySerializer)
        codec, bitrate = encoding(request, asked_for)
        gains = {stem: asked_for[stem] for stem in STEMS if stem in asked_for}
        wanted = mixes.Wanted.of(gains, asked_for["tempo"], asked_for["semitones"])
        ordered = mixes.order(seen.separation, seen.track, wanted, codec, bitrate)
        self.count_new(request, ordered.recipe)
        (made,) = self.obtain(request, [ordered.recipe])
        output = OUTPUT[codec]
        return file_responses.serve(
            request._request,  # noqa: SLF001 (serving knows Django's requests)
            made.key,
            filename=downloads.download_name(seen.track, ordered.words, output.extension),
            content_type=output.content_type,
            checksum=made.checksum,
            size=made.size,
            download=True,
        )

    def count_new(self, request: Request, recipe: Recipe) -> None:
        """Only mixes that are neither there nor being made count for the limit. Raises ``Throttled``."""
        if found(recipe) is None and not is_being_made(recipe):
            self.throttle_scope = "mixes"
            throttle = ScopedRateThrottle()
            if not throttle.allow_request(request, self):
                raise Throttled(throttle.wait())
