"""What the middle of a song's page shows: the player, the place in line, the progress, or what went wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from accounts.models import User
from audio.flac import SEGMENT_SAMPLES
from audio.formats import OUTPUT, STEREO_RATE, OutputCodec
from catalog.models import Track
from separation.delivery.live import LiveStem, live_stems
from separation.delivery.permissions import Seen, may_download
from separation.display_names import ModelChoice, describe, describe_slug, stem_label
from separation.engines import modelspec
from separation.error_messages import explain
from separation.feedback.ratings import Rated, ratings_of
from separation.models import Separation, Status, Stem
from separation.queue.forecast import forecast

API = "/api/v1"


@dataclass(frozen=True)
class Lane:
    """One stem as the page shows it."""

    stem: Stem | LiveStem
    label: str
    key: str


@dataclass(frozen=True)
class Stage:
    """Everything the templates ask about a separation; ``separation`` is None when nobody has asked yet."""

    track: Track
    separation: Separation | None
    model: ModelChoice | None = None
    lanes: list[Lane] = field(default_factory=list)
    position: int | None = None
    eta: float | None = None
    reason: str = ""
    codecs: list[OutputCodec] = field(default_factory=list)
    may_stop: bool = False
    stars: list[tuple[str, Rated]] = field(default_factory=list)
    """What people say of the whole, then of each part, with what that is called."""

    @classmethod
    def of(cls, track: Track, separation: Separation | None, user: User | AnonymousUser) -> "Stage":
        if separation is None:
            return cls(track, None)
        ready = separation.status == Status.SUCCEEDED
        kept = _in_order(separation)
        stems: list[Stem | LiveStem] = [*(kept if ready else live_stems(separation))]
        lanes = [
            Lane(stem, str(stem_label(stem.name)), str(number)) for number, stem in enumerate(stems, start=1)
        ]
        waiting = separation.status in {Status.QUEUED, Status.RUNNING}
        expected = forecast(separation)
        return cls(
            track,
            separation,
            model=describe_slug(separation.model),
            lanes=lanes,
            position=expected.queue_position,
            eta=expected.eta_seconds,
            reason=explain(separation),
            codecs=[
                codec for codec in OUTPUT.values() if ready and may_download(user, separation, codec.name)
            ],
            stars=_stars(Seen(separation, track), user) if ready else [],
            may_stop=waiting and not user.is_anonymous and separation.requests.filter(user=user).exists(),
        )

    @property
    def state(self) -> str:
        """``none``, or the separation's status; one cancelled is as if nobody had asked."""
        if self.separation is None or self.separation.status == Status.CANCELLED:
            return "none"
        return self.separation.status

    @property
    def is_audible(self) -> bool:
        """Whether there is something to play: all of it, or the first segments of what is being made."""
        return any(not isinstance(lane.stem, LiveStem) or lane.stem.segments for lane in self.lanes)

    @property
    def offers(self) -> list[ModelChoice]:
        """The models to choose from when nothing is there yet, fewest stems first."""
        return sorted(installed(), key=lambda model: len(model.stems))

    @property
    def bitrates(self) -> list[tuple[int, str]]:
        """Every bitrate some codec offers, with the names of the codecs that do."""
        kbits = sorted({bitrate for codec in self.codecs for bitrate in codec.bitrates})
        return [(kbit, " ".join(c.name for c in self.codecs if kbit in c.bitrates)) for kbit in kbits]

    @property
    def player(self) -> dict[str, Any]:
        """What the player's script needs to know."""
        made = [lane.stem for lane in self.lanes if isinstance(lane.stem, LiveStem)]
        return {
            "track": str(self.track.pk),
            # Segments that can be had by now; null when all can.
            "ready": min(stem.segments for stem in made) if made else None,
            "frames": self.track.audio.frames,
            "rate": STEREO_RATE,
            "segment": SEGMENT_SAMPLES,
            "stems": [
                {"id": str(lane.stem.pk), "name": lane.stem.name, "address": f"{API}/stems/{lane.stem.pk}/"}
                for lane in self.lanes
            ],
        }


def _stars(seen: Seen, user: User | AnonymousUser) -> list[tuple[str, Rated]]:
    said = ratings_of(seen, user)
    parts = [(str(stem_label(row.stem.name)), row) for row in said.stems if row.stem]
    return [(_("All of it"), said.whole), *parts]


def installed() -> list[ModelChoice]:
    """Every model that can run now."""
    return [describe(spec) for spec in modelspec.available(settings.MODELS_DIR)]


def separation_to_show(separations: Iterable[Separation], model: str) -> Separation | None:
    """The one by ``model``, else the richest that is ready, else what is on its way, else what failed."""
    order = {Status.SUCCEEDED: 0, Status.RUNNING: 1, Status.QUEUED: 2, Status.FAILED: 3, Status.CANCELLED: 4}

    def rank(separation: Separation) -> tuple[bool, int, int, float]:
        status = Status(separation.status)
        return (
            separation.model != model,
            order[status],
            -len(separation.stems.all()),
            -separation.created_at.timestamp(),
        )

    return min(separations, key=rank, default=None)


@dataclass(frozen=True)
class OtherModel:
    """Another way to take the song apart; ``status`` is empty when nobody has asked for it."""

    model: ModelChoice
    status: str


@dataclass(frozen=True)
class Made:
    """A finished separation: by which model, into what, and when."""

    model: ModelChoice
    stems: list[str]
    separation: Separation


def made(separations: Iterable[Separation]) -> list[Made]:
    """What this song has been taken apart into, the latest first."""
    done = [row for row in separations if row.status == Status.SUCCEEDED]
    done.sort(key=lambda row: row.finished_at or row.created_at, reverse=True)
    return [
        Made(describe_slug(row.model), [str(stem_label(stem.name)) for stem in _in_order(row)], row)
        for row in done
    ]


def _in_order(separation: Separation) -> list[Stem]:
    return sorted(separation.stems.all(), key=lambda stem: stem.position)


def other_models(separations: Iterable[Separation], shown: Separation | None) -> list[OtherModel]:
    """What else this song is, or could be, taken apart into."""
    known = {row.model: row.status for row in separations if row.status != Status.CANCELLED}
    models = {model.slug: model for model in installed()}
    for slug, status in known.items():
        if status == Status.SUCCEEDED:
            models.setdefault(slug, describe_slug(slug))
    if shown is not None and shown.status != Status.CANCELLED:
        models.pop(shown.model, None)
    rows = [OtherModel(model, known.get(slug, "")) for slug, model in models.items()]
    return sorted(rows, key=lambda row: (len(row.model.stems), row.status != Status.SUCCEEDED))
