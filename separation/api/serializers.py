"""JSON of models, separations and stems, and of tracks with their separations.

``to_representation`` writes what lists repeat, and the fields describe it for the schema, for the reason that
``catalog/api/serializers.py`` gives.
"""

from typing import Any

from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audio.formats import STEREO_RATE
from catalog.api.serializers import Addresses, TrackSerializer, moment
from catalog.models import Track
from separation.delivery.live import LiveStem, live_stems
from separation.delivery.permissions import VisibleSeparation
from separation.delivery.segments import segment_count
from separation.error_messages import explain
from separation.models import Status, Stem
from separation.queue.forecast import forecast
from separation.selectors import MadeStem, separations_of

SAMPLES_PER_PEAK = 4_096


class ModelSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    stems = serializers.ListField(child=serializers.CharField())
    bandwidth_hz = serializers.IntegerField()
    available = serializers.BooleanField()
    default = serializers.BooleanField()
    revision = serializers.CharField()


class StemSerializer(serializers.Serializer[Any]):
    """A stem, also one that is being made.

    ``segments`` counts the pieces for players, each of 524,288 samples but the last; ``segments_ready`` those
    that can be had already. ``audio`` is where the whole stem is, once it is.
    """

    id = serializers.UUIDField(source="pk", read_only=True)
    name = serializers.CharField(read_only=True)
    duration = serializers.FloatField(read_only=True)
    samples = serializers.IntegerField(read_only=True)
    sample_rate = serializers.IntegerField(read_only=True)
    segments = serializers.IntegerField(read_only=True)
    segments_ready = serializers.IntegerField(read_only=True)
    peaks = serializers.URLField(read_only=True)
    audio = serializers.URLField(read_only=True, allow_null=True)

    def to_representation(self, instance: Stem | LiveStem | MadeStem) -> dict[str, Any]:
        live = instance if isinstance(instance, LiveStem) else None
        samples = instance.audio.frames if isinstance(instance, Stem) else instance.frames
        segments = segment_count(samples)
        return {
            "id": str(instance.pk),
            "name": instance.name,
            "duration": samples / STEREO_RATE,
            "samples": samples,
            "sample_rate": STEREO_RATE,
            "segments": segments,
            "segments_ready": live.segments if live else segments,
            "peaks": self._addresses.of("api:stem-peaks", instance.pk),
            "audio": None if live else self._addresses.of("api:stem-audio", instance.pk),
        }

    @cached_property
    def _addresses(self) -> Addresses:
        return Addresses(self.context)


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class SeparationSerializer(serializers.Serializer[Any]):
    """A separation; ``track`` is the id of the track through which you see it."""

    id = serializers.UUIDField(source="separation.pk", read_only=True)
    track = serializers.UUIDField(source="track.pk", read_only=True)
    model = serializers.CharField(source="separation.model", read_only=True)
    revision = serializers.CharField(source="separation.revision", read_only=True)
    status = serializers.ChoiceField(source="separation.status", choices=Status.choices, read_only=True)
    progress = serializers.FloatField(source="separation.progress", read_only=True, min_value=0, max_value=1)
    error = serializers.SerializerMethodField()
    gain = serializers.FloatField(source="separation.gain", read_only=True)
    stems = serializers.SerializerMethodField()
    archive = serializers.SerializerMethodField(help_text="Where all stems are, as one zip.")
    created_at = serializers.DateTimeField(source="separation.created_at", read_only=True)
    finished_at = serializers.DateTimeField(source="separation.finished_at", read_only=True, allow_null=True)

    def to_representation(self, instance: VisibleSeparation) -> dict[str, Any]:
        separation = instance.separation
        return {
            "id": str(separation.pk),
            "track": str(instance.track.pk),
            "model": separation.model,
            "revision": separation.revision,
            "status": separation.status,
            "progress": separation.progress,
            "error": self.get_error(instance),
            "gain": separation.gain,
            "stems": self.get_stems(instance),
            "archive": self.get_archive(instance),
            "created_at": moment(separation.created_at),
            "finished_at": moment(separation.finished_at) if separation.finished_at else None,
        }

    @extend_schema_field(ReasonSerializer(allow_null=True))
    def get_error(self, visible: VisibleSeparation) -> dict[str, str] | None:
        reason = explain(visible.separation)
        return {"code": visible.separation.error_code, "detail": reason} if reason else None

    @cached_property
    def _stem(self) -> StemSerializer:
        return StemSerializer(context=self.context)

    @extend_schema_field(StemSerializer(many=True))
    def get_stems(self, visible: VisibleSeparation) -> Any:
        finished = visible.separation.stems.all() if visible.stems is None else visible.stems
        stems = list(finished) or live_stems(visible.separation)
        return [self._stem.to_representation(stem) for stem in stems]

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_archive(self, visible: VisibleSeparation) -> str | None:
        if visible.separation.status != Status.SUCCEEDED:
            return None
        return self._addresses.of("api:separation-archive", visible.separation.pk)

    @cached_property
    def _addresses(self) -> Addresses:
        return Addresses(self.context)


class LiveSeparationSerializer(SeparationSerializer):
    """The same with how long it will still take."""

    queue_position = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="1 for what comes next."
    )
    eta_seconds = serializers.FloatField(read_only=True, allow_null=True)

    def to_representation(self, instance: VisibleSeparation) -> dict[str, Any]:
        left = forecast(instance.separation)
        return super().to_representation(instance) | {
            "queue_position": left.queue_position,
            "eta_seconds": left.eta_seconds,
        }


class SeparatedTrackSerializer(TrackSerializer):
    """A track with what was made of it."""

    separations = serializers.SerializerMethodField()

    class Meta(TrackSerializer.Meta):
        fields = [*TrackSerializer.Meta.fields, "separations"]
        read_only_fields = fields

    def to_representation(self, instance: Track) -> dict[str, Any]:
        return super().to_representation(instance) | {"separations": self.get_separations(instance)}

    @cached_property
    def _separation(self) -> SeparationSerializer:
        return SeparationSerializer(context=self.context)

    @extend_schema_field(SeparationSerializer(many=True))
    def get_separations(self, track: Track) -> Any:
        of_list = self.context.get("separations")
        rows = (separations_of([track]) if of_list is None else of_list)[track.pk]
        return [self._separation.to_representation(row) for row in rows]


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
