"""Hooks for the apps above: events of the catalogue, and questions for its lists.

Receivers connect in their ``AppConfig.ready``. Not Django's signals: here receivers answer, and the types of their
arguments and answers are checked.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar
from uuid import UUID

from django.utils.functional import Promise

from audio.effects.clicks import Beat
from catalog.models import Track

P = ParamSpec("P")
R = TypeVar("R")
K = TypeVar("K")
V = TypeVar("V")


class Hook(Generic[P, R]):
    """Functions that are called when something happens, in the order in which they were connected."""

    def __init__(self) -> None:
        self.receivers: list[Callable[P, R]] = []

    def connect(self, receiver: Callable[P, R]) -> Callable[P, R]:
        self.receivers.append(receiver)
        return receiver

    def send(self, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        """Call every receiver; returns what they answer."""
        return [receiver(*args, **kwargs) for receiver in self.receivers]


@dataclass(frozen=True)
class SongParts:
    """What there is to play of a track: ``stems`` and their names in words, or the state of the work in words.

    ``colours`` are classes of ``lists.css``, one for each stem.
    """

    stems: tuple[str, ...]
    text: str
    colours: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrackField:
    """A value of a track that an app above keeps. It is edited, recorded and undone like the names.

    ``read`` answers plain data. ``write`` stores it, inside a transaction, with the track locked. ``readable`` says it
    in words, ``public`` sums it up for API clients.
    """

    label: Promise
    read: Callable[[Track], Any]
    write: Callable[[Track, Any], None]
    readable: Callable[[Any], str]
    public: Callable[[Any], Any]


# By the names that they have in the history.
track_fields: dict[str, TrackField] = {}
# (audio, track), after a commit: the track stands for that audio from now on.
merged: Hook[[UUID, UUID], None] = Hook()
# (old, new), inside the transaction: the new track has its audio from the old one.
split: Hook[[Track, Track], None] = Hook()
# (ids of audio), inside the transaction: delete what was made of it; answers the ids of the audio that this frees.
taken_down: Hook[[Sequence[UUID]], list[UUID]] = Hook()
# Before unused audio is deleted: delete rows that nothing needs.
collecting_garbage: Hook[[], object] = Hook()
# Whether stored files have to stay for now although no row names them, as while a backup copies them.
holding_files: Hook[[], bool] = Hook()
# (ids of tracks as the database writes them): answers the slugs of the models that have separated each.
models_of_tracks: Hook[[Collection[str]], Mapping[str, Collection[str]]] = Hook()
# (slug): answers what people call the model.
model_label: Hook[[str], str] = Hook()
# (ids of tracks): answers what lists of songs say of each.
parts_of_tracks: Hook[[Collection[UUID]], Mapping[UUID, SongParts]] = Hook()
# (track): answers the beats of what it plays, in order; empty where nobody has set them.
beats_of_track: Hook[[Track], Sequence[Beat]] = Hook()
# (ids of audio): answers what the export says of each.
exporting: Hook[[Collection[UUID]], Mapping[UUID, list[str]]] = Hook()


def combined(answers: list[Mapping[K, V]]) -> dict[K, V]:
    """Put the answers of several receivers into one mapping."""
    return {key: value for answer in answers for key, value in answer.items()}
