"""The middle of a song's page: the player, the place in the queue, the progress, or the reason of a failure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from audio.encoding.opus_segments import OPUS_SEGMENT_SAMPLES
from audio.flac import SEGMENT_SAMPLES
from audio.formats import OUTPUT, STEREO_RATE, OutputCodec
from catalog.models import Track
from separation.delivery.live import LiveStem, live_stems
from separation.delivery.permissions import VisibleSeparation, may_download
from separation.display_names import ModelChoice, describe_slug, stem_label
from separation.error_messages import explain
from separation.feedback.ratings import RatingSummary, ratings_of
from separation.models import Separation, Status, Stem
from separation.queue.forecast import forecast
from separation.web.stem_parts import StemParts, parts_of


@dataclass(frozen=True)
class StemRow:
    """A stem in the player; ``key`` on the keyboard mutes it. ``parts`` for a stem that may be separated further.

    ``name`` is ``drums-kick`` for a part that came out of the stem ``drums``.
    """

    stem: Stem | LiveStem
    label: str
    key: str = ""
    parts: StemParts | None = None
    group: str = ""

    @property
    def name(self) -> str:
        return f"{self.group}-{self.stem.name}" if self.group else self.stem.name

    @property
    def part_rows(self) -> list["StemRow"]:
        stems = self.parts.stems if self.parts else []
        return [StemRow(part, str(stem_label(part.name)), group=self.stem.name) for part in stems]

    @property
    def parts_title(self) -> str:
        """Name its parts for people."""
        return ", ".join(row.label for row in self.part_rows)

    @property
    def player(self) -> dict[str, Any]:
        """Return what the player has to know of it, see ``TrackPage.player``."""
        facts: dict[str, Any] = {
            "name": self.name,
            "segments": reverse("api:stem-segment", args=[self.stem.pk, 0]),  # the first
            "peaks": reverse("api:stem-peaks", args=[self.stem.pk]),
        }
        if self.parts and self.parts.separation and self.parts.stems:
            rows = [row.player for row in self.part_rows]
            facts["parts"] = {"separation": str(self.parts.separation.pk), "stems": rows}
        return facts


@dataclass(frozen=True)
class TrackPage:
    """What the templates show of a track and one of its separations, None when there is none yet.

    ``position`` in the queue from 1 and ``eta`` in seconds are None for what is not waiting. ``stars`` are the ratings
    of the whole and of each stem with their headings.
    """

    track: Track
    separation: Separation | None
    model: ModelChoice | None = None
    stem_rows: list[StemRow] = field(default_factory=list)
    position: int | None = None
    eta: float | None = None
    reason: str = ""
    codecs: list[OutputCodec] = field(default_factory=list)
    may_stop: bool = False
    stars: list[tuple[str, RatingSummary]] = field(default_factory=list)

    @classmethod
    def of(cls, track: Track, separation: Separation | None, user: User | AnonymousUser) -> "TrackPage":
        """Read what the page of ``track`` shows to ``user``."""
        if separation is None:
            return cls(track, None)
        ready = separation.status == Status.SUCCEEDED
        stems: list[Stem | LiveStem] = [*(stems_in_order(separation) if ready else live_stems(separation))]
        further = parts_of([stem for stem in stems if isinstance(stem, Stem)], track, user) if ready else {}
        stem_rows = [
            StemRow(stem, str(stem_label(stem.name)), str(number), further.get(stem.pk))
            for number, stem in enumerate(stems, start=1)
        ]
        waiting = separation.status in {Status.QUEUED, Status.RUNNING}
        expected = forecast(separation)
        return cls(
            track,
            separation,
            model=describe_slug(separation.model),
            stem_rows=stem_rows,
            position=expected.queue_position,
            eta=expected.eta_seconds,
            reason=explain(separation),
            codecs=[
                codec for codec in OUTPUT.values() if ready and may_download(user, separation, codec.name)
            ],
            stars=_headed_ratings(VisibleSeparation(separation, track), user) if ready else [],
            may_stop=waiting and not user.is_anonymous and separation.requests.filter(user=user).exists(),
        )

    @property
    def state(self) -> str:
        """Return ``none``, or the separation's status. A cancelled one is shown like none."""
        if self.separation is None or self.separation.status == Status.CANCELLED:
            return "none"
        return self.separation.status

    @property
    def is_audible(self) -> bool:
        """Whether there is something to play: every segment, or the first ones of a running separation."""
        return any(not isinstance(row.stem, LiveStem) or row.stem.segments for row in self.stem_rows)

    @property
    def bitrates(self) -> list[tuple[int, str]]:
        """List every bitrate of some codec, with the names of the codecs that have it."""
        kbits = sorted({bitrate for codec in self.codecs for bitrate in codec.bitrates})
        return [(kbit, " ".join(c.name for c in self.codecs if kbit in c.bitrates)) for kbit in kbits]

    @property
    def player(self) -> dict[str, Any]:
        """Return the player's configuration, which the page hands to its script as JSON."""
        unfinished = [row.stem for row in self.stem_rows if isinstance(row.stem, LiveStem)]
        return {
            "track": str(self.track.pk),
            # Number of segments that can be played already; null for all.
            "ready": min(stem.segments for stem in unfinished) if unfinished else None,
            "frames": self.track.audio.frames,
            "rate": STEREO_RATE,
            "segment": SEGMENT_SAMPLES,
            "codecs": [
                {"name": "flac", "segment": SEGMENT_SAMPLES},
                *([] if unfinished else [{"name": "opus", "segment": OPUS_SEGMENT_SAMPLES}]),
            ],
            "played": reverse("track-played", args=[self.track.pk]),
            "stems": [row.player for row in self.stem_rows],
        }


def _headed_ratings(
    visible: VisibleSeparation, user: User | AnonymousUser
) -> list[tuple[str, RatingSummary]]:
    ratings = ratings_of(visible, user)
    stems = [(str(stem_label(row.stem.name)), row) for row in ratings.stems if row.stem]
    return [(_("All of it"), ratings.whole), *stems]


_BY_USEFULNESS = [Status.SUCCEEDED, Status.RUNNING, Status.QUEUED, Status.FAILED, Status.CANCELLED]


def _preference(separation: Separation) -> tuple[int, int, float]:
    """Sort what is ready first, then what has more stems, then the newest: of two revisions of a model the later."""
    return (
        _BY_USEFULNESS.index(Status(separation.status)),
        -len(separation.stems.all()),
        -separation.created_at.timestamp(),
    )


def separation_to_show(
    separations: Collection[Separation], *, pk: str = "", model: str = ""
) -> Separation | None:
    """Choose the separation with the id ``pk``, else the best by ``model``, else the best of all."""
    by_id = [row for row in separations if str(row.pk) == pk]
    by_model = [row for row in separations if row.model == model]
    return min(by_id or by_model or separations, key=_preference, default=None)


@dataclass(frozen=True)
class FinishedRow:
    """A finished separation in the table of the page; ``stems`` are their names for people."""

    model: ModelChoice
    stems: list[str]
    separation: Separation


def finished_rows(separations: Iterable[Separation]) -> list[FinishedRow]:
    """List the finished separations of a song, the latest first."""
    finished = [row for row in separations if row.status == Status.SUCCEEDED]
    finished.sort(key=lambda row: row.finished_at or row.created_at, reverse=True)
    return [
        FinishedRow(
            describe_slug(row.model), [str(stem_label(stem.name)) for stem in stems_in_order(row)], row
        )
        for row in finished
    ]


def stems_in_order(separation: Separation) -> list[Stem]:
    """List the stems of ``separation`` by position, without a query where they were prefetched."""
    return sorted(separation.stems.all(), key=lambda stem: stem.position)


def best_by_model(separations: Iterable[Separation]) -> dict[str, Separation]:
    """Return the best separation of a song by each model, but none that was stopped."""
    best: dict[str, Separation] = {}
    for row in sorted(separations, key=_preference):
        if row.status != Status.CANCELLED:
            best.setdefault(row.model, row)
    return best
