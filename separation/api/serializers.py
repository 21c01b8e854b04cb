"""Serializers of models, separations and stems, and of tracks with their separations."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audio.formats import STEREO_RATE
from catalog.api.serializers import TrackSerializer, absolute_url
from catalog.models import Track
from separation.delivery.live import LiveStem, live_stems
from separation.delivery.permissions import VisibleSeparation, stem_of
from separation.delivery.segments import segment_count
from separation.error_messages import explain
from separation.models import Status, Stem
from separation.queue.forecast import forecast
from separation.selectors import separations_by_track

SAMPLES_PER_PEAK = 4_096


class QualitySerializer(serializers.Serializer[Any]):
    """What somebody has published of all parts together."""

    value = serializers.FloatField()
    unit = serializers.CharField()
    data_set = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field here, and an attribute of fields


class ModelSerializer(serializers.Serializer[Any]):
    """A model, installed or not.

    ``licence`` and ``provenance`` are in the language of the request. ``stars``, one to five, are given where the
    published quality can be compared. ``seconds_per_minute`` is what this server took for a minute of music lately.
    """

    slug = serializers.CharField()
    takes = serializers.CharField(
        allow_blank=True, help_text="The stem that it separates further; empty: it separates whole songs."
    )
    stems = serializers.ListField(child=serializers.CharField())
    bandwidth_hz = serializers.IntegerField()
    available = serializers.BooleanField()
    default = serializers.BooleanField()
    revision = serializers.CharField()
    licence = serializers.CharField()
    provenance = serializers.CharField()
    size_bytes = serializers.IntegerField(allow_null=True)
    quality = QualitySerializer(allow_null=True)
    stars = serializers.IntegerField(allow_null=True, min_value=1, max_value=5)
    seconds_per_minute = serializers.FloatField(allow_null=True)


class StemSerializer(serializers.Serializer[Any]):
    """A stem, also one that is being made.

    ``segments`` counts the pieces for players, each of 524,288 samples but the last; ``segments_ready`` those
    that can be had already. ``audio`` is where the whole stem is, once it is.
    """

    id = serializers.UUIDField(source="pk", read_only=True)
    name = serializers.CharField(read_only=True)
    duration = serializers.SerializerMethodField()
    samples = serializers.SerializerMethodField()
    sample_rate = serializers.SerializerMethodField()
    segments = serializers.SerializerMethodField()
    segments_ready = serializers.SerializerMethodField()
    peaks = serializers.SerializerMethodField()
    audio = serializers.SerializerMethodField()

    def get_duration(self, stem: Stem | LiveStem) -> float:
        return self.get_samples(stem) / STEREO_RATE

    def get_samples(self, stem: Stem | LiveStem) -> int:
        return stem.frames if isinstance(stem, LiveStem) else stem.audio.frames

    def get_sample_rate(self, _stem: Stem | LiveStem) -> int:
        return STEREO_RATE

    def get_segments(self, stem: Stem | LiveStem) -> int:
        return segment_count(self.get_samples(stem))

    def get_segments_ready(self, stem: Stem | LiveStem) -> int:
        return stem.segments if isinstance(stem, LiveStem) else self.get_segments(stem)

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_peaks(self, stem: Stem | LiveStem) -> str:
        return absolute_url(self, "api:stem-peaks", stem.pk)

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_audio(self, stem: Stem | LiveStem) -> str | None:
        return None if isinstance(stem, LiveStem) else absolute_url(self, "api:stem-audio", stem.pk)


class StemsField(serializers.ListSerializer[Any]):
    """The stems of a separation: stored ones, else those that are being made."""

    def get_attribute(self, instance: VisibleSeparation) -> list[Stem | LiveStem]:
        kept = instance.separation.stems.all() if instance.stems is None else instance.stems
        return [*kept] or [*live_stems(instance.separation)]


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class SeparationSerializer(serializers.Serializer[Any]):
    """A separation; ``track`` is the id of the track through which you see it.

    ``stem`` is the id of the stem that was separated further, null where it was the whole song.
    """

    id = serializers.UUIDField(source="separation.pk", read_only=True)
    track = serializers.UUIDField(source="track.pk", read_only=True)
    stem = serializers.SerializerMethodField()
    model = serializers.CharField(source="separation.model", read_only=True)
    revision = serializers.CharField(source="separation.revision", read_only=True)
    status = serializers.ChoiceField(source="separation.status", choices=Status.choices, read_only=True)
    progress = serializers.FloatField(source="separation.progress", read_only=True, min_value=0, max_value=1)
    error = serializers.SerializerMethodField()
    gain = serializers.FloatField(source="separation.gain", read_only=True)
    stems = StemsField(child=StemSerializer(), read_only=True)
    archive = serializers.SerializerMethodField(help_text="Where all stems are, as one zip.")
    created_at = serializers.DateTimeField(source="separation.created_at", read_only=True)
    finished_at = serializers.DateTimeField(source="separation.finished_at", read_only=True, allow_null=True)

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_stem(self, visible: VisibleSeparation) -> str | None:
        stem = stem_of(visible.separation, visible.track)
        return str(stem.pk) if stem else None

    @extend_schema_field(ReasonSerializer(allow_null=True))
    def get_error(self, visible: VisibleSeparation) -> dict[str, str] | None:
        reason = explain(visible.separation)
        return {"code": visible.separation.error_code, "detail": reason} if reason else None

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_archive(self, visible: VisibleSeparation) -> str | None:
        if visible.separation.status != Status.SUCCEEDED:
            return None
        return absolute_url(self, "api:separation-archive", visible.separation.pk)


class LiveSeparationSerializer(SeparationSerializer):
    """The same with how long it will still take."""

    queue_position = serializers.SerializerMethodField(help_text="1 for what comes next.")
    eta_seconds = serializers.SerializerMethodField()

    def to_representation(self, instance: VisibleSeparation) -> dict[str, Any]:
        self._forecast = forecast(instance.separation)  # both figures from one look at the queue
        return super().to_representation(instance)

    def get_queue_position(self, _visible: VisibleSeparation) -> int | None:
        return self._forecast.queue_position

    def get_eta_seconds(self, _visible: VisibleSeparation) -> float | None:
        return self._forecast.eta_seconds


class SeparationsField(serializers.ListSerializer[Any]):
    """The separations of a track; the context holds those of a whole list."""

    def get_attribute(self, instance: Track) -> list[VisibleSeparation]:
        known = self.context.get("separations")
        return (separations_by_track([instance]) if known is None else known)[instance.pk]


class SeparatedTrackSerializer(TrackSerializer):
    """A track with what was made of it."""

    separations = SeparationsField(child=SeparationSerializer(), read_only=True)

    class Meta(TrackSerializer.Meta):
        fields = [*TrackSerializer.Meta.fields, "separations"]
        read_only_fields = fields


class MatchSerializer(serializers.Serializer[Any]):
    """A track that may be the same recording in another encoding.

    ``similarity`` is the share of equal bits of the fingerprints; so many seconds (``offset``) of what was sent come
    before the track begins. Both are null where only artist, title and length are the same.
    """

    track = SeparatedTrackSerializer()
    similarity = serializers.FloatField(allow_null=True, min_value=0, max_value=1)
    offset = serializers.FloatField(allow_null=True)


class UploadedSerializer(serializers.Serializer[Any]):
    """``created``: whether this was new. ``matches``: other tracks that may be the same recording, the most alike
    first.

    ``separation_error`` says why a song that was taken in is not being separated.
    """

    track = SeparatedTrackSerializer()
    created = serializers.BooleanField()
    matches = MatchSerializer(many=True)
    separation = LiveSeparationSerializer(allow_null=True)
    separation_error = ReasonSerializer(allow_null=True)


class PeaksSerializer(serializers.Serializer[Any]):
    """``peaks`` of a stem that is being made end where it ends by now. Divide them by ``gain``."""

    samples_per_peak = serializers.IntegerField()
    sample_rate = serializers.IntegerField()
    samples = serializers.IntegerField()
    gain = serializers.FloatField()
    peaks = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=255))
