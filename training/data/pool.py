"""The pool of songs on disk that training draws from: written by the generator, read while it still grows.

A song is ``<name>.npy``, int16 [stem, samples, channel] with the stems in the order of `STEMS`, stereo at
44.1 kHz, and beside it ``<name>.json`` with what is known about it. The json is written last: a song without
one is not finished.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Samples = npt.NDArray[np.int16]

STEMS = ("vocals", "drums", "bass", "other")
SAMPLE_RATE = 44_100
FULL_SCALE = 32767.0
ACTIVITY_STEP = SAMPLE_RATE // 2
"""Samples that one value of `Song.activity` stands for."""
_AUDIBLE = 0.008
SHORTEST = 4 * SAMPLE_RATE
"""Songs of fewer samples are left alone: training takes three seconds at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Song:
    """A finished song of the pool; `audio` is mapped, so only what is read costs memory."""

    name: str
    audio: Samples
    voice: str
    """Kind of voice; "none" for an instrumental."""
    complete: bool
    """Whether drums, bass and other are apart. If not, all of them are in "other"."""
    activity: npt.NDArray[np.bool_]
    """[stem, half second]: where the stem can be heard."""
    alone: bool = False
    """Whether one or two instruments, all in "other", are all there is."""
    group: str = ""
    """The family of instruments that a solo made for judging belongs to."""

    def excerpt(self, stem: int, start: int, length: int) -> Array:
        """Return float32 [2, length] of one stem, from sample `start`."""
        return (self.audio[stem, start : start + length].T / np.float32(FULL_SCALE)).astype(np.float32)


def write(folder: Path, name: str, stems: Array, facts: dict[str, Any]) -> None:
    """Add a song, float32 [stem, samples, channel] within +-1, complete or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    with part.open("wb") as file:
        np.save(file, np.round(np.clip(stems, -1, 1) * FULL_SCALE).astype(np.int16))
    part.replace(folder / f"{name}.npy")
    steps = stems.shape[1] // ACTIVITY_STEP
    blocks = stems[:, : steps * ACTIVITY_STEP].reshape(len(stems), steps, -1)
    activity = np.sqrt(np.mean(blocks**2, axis=2)) > _AUDIBLE
    facts = {**facts, "activity": activity.astype(int).tolist()}
    part.write_text(json.dumps(facts))
    part.replace(folder / f"{name}.json")


def read(folder: Path, name: str) -> Song:
    """Return the finished song `name`. Raises OSError or KeyError if it is none."""
    facts = json.loads((folder / f"{name}.json").read_text())
    return Song(
        name=name,
        audio=np.load(folder / f"{name}.npy", mmap_mode="r"),
        voice=facts["voice"],
        complete=facts.get("complete", True),
        activity=np.array(facts["activity"], dtype=bool),
        alone=facts.get("alone", False),
        group=facts.get("group", ""),
    )


def names(folder: Path) -> list[str]:
    """List the finished songs in `folder`."""
    return sorted(path.stem for path in folder.glob("*.json"))


class Pool:
    """All songs of some folders; `refresh` finds those that came since."""

    def __init__(self, folders: list[Path], *, complete_only: bool) -> None:
        self.songs: list[Song] = []
        self.sung: list[Song] = []
        """Those of `songs` with a voice."""
        self.alone: list[Song] = []
        """Those in which hardly anybody plays."""
        self._folders = folders
        self._complete_only = complete_only
        self._seen: set[Path] = set()
        self.refresh()

    def refresh(self) -> None:
        """Look for new songs."""
        for folder in self._folders:
            for name in names(folder):
                if (folder / name) in self._seen:
                    continue
                self._seen.add(folder / name)
                song = read(folder, name)
                if song.audio.shape[1] >= SHORTEST and (song.complete or not self._complete_only):
                    self.songs.append(song)
                    if song.activity[0].any():
                        self.sung.append(song)
                    if song.alone:
                        self.alone.append(song)
