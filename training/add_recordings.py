"""Add recordings of one's own to a pool: ``python -m training.add_recordings FOLDER --out POOL``.

Each folder in FOLDER is a song: ``vocals.*`` and either ``drums.*``, ``bass.*``, ``other.*`` or one
``accompaniment.*``, aligned, in any format and rate that libsndfile reads. What is missing is silent. Songs with
an accompaniment only serve the networks for two stems.
"""

import argparse
from pathlib import Path

import numpy as np

from training.data import pool, sets
from training.data.pool import STEMS
from training.data.sets import Audio

_PIECE = 30 * pool.SAMPLE_RATE


def read_song(folder: Path) -> tuple[Audio, bool]:
    """Return [4, samples, 2] of the song in `folder`, and whether drums, bass and other are apart.

    Raises ValueError if there is nothing to read.
    """
    found = {path.stem.lower(): path for path in sorted(folder.iterdir()) if path.is_file()}
    complete = "accompaniment" not in found
    named = {stem: found.get(stem) for stem in STEMS}
    if not complete:
        named = {"vocals": found.get("vocals"), "other": found["accompaniment"]}
    waves = {stem: sets.load(path) for stem, path in named.items() if path is not None}
    if not waves:
        raise ValueError(f"no stems in {folder}")
    stems = np.zeros((len(STEMS), max(wave.shape[1] for wave in waves.values()), 2), dtype=np.float32)
    for stem, wave in waves.items():
        stems[STEMS.index(stem), : wave.shape[1]] = wave.T
    return stems / np.float32(max(1.0, float(np.abs(stems).max()))), complete


def add(folder: Path, out: Path) -> int:
    """Cut the song in `folder` into pieces of half a minute and put them into the pool; return how many there were."""
    stems, complete = read_song(folder)
    voice = "own" if np.any(stems[0]) else "none"
    count = max(1, stems.shape[1] // _PIECE)
    for index in range(count):
        piece = stems[:, index * _PIECE : (index + 1) * _PIECE]
        pool.write(out, f"own-{folder.name}-{index:03d}", piece, {"voice": voice, "complete": complete})
    return count


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.add_recordings", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the pool")
    options = parser.parse_args()
    for song in sorted(path for path in options.folder.iterdir() if path.is_dir()):
        print(song.name, add(song, options.out), "pieces")


if __name__ == "__main__":
    main()
