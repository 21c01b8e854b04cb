"""Our stems against ``spleeter.separator.Separator.separate``, sample by sample, at every awkward length.

``python -m benchmarks.engines.equality CACHE SLUG FOLDER`` writes what Spleeter makes of the clips, in a process of its
own.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import measure, songs
from benchmarks.engines import models
from benchmarks.engines.network_equality import largest
from benchmarks.measure import ROOT, environment
from separation.engines import modelspec
from separation.engines.registry import load_engine
from separation.engines.spleeter.stft_params import FRAME_LENGTH, HOP, STRIDE
from separation.engines.streaming import separate

_BORDER = STRIDE - FRAME_LENGTH
CLIPS = {
    "1": (1, 2),
    "100": (100, 2),
    "5,000": (5000, 2),
    "5,000, mono": (5000, 1),
    "border - 1": (_BORDER - 1, 2),
    "border": (_BORDER, 2),
    "border + 1": (_BORDER + 1, 2),
    "border + 1 hop": (_BORDER + HOP, 2),
    "border + 1 hop, mono": (_BORDER + HOP, 1),
    "30 s": (30 * songs.RATE, 2),
    "3 min": (180 * songs.RATE, 2),
}
"""Samples and channels by name; at the border the first window is exactly full."""


def clip(index: int) -> npt.NDArray[np.float32]:
    """The clip of that number: [channels, samples]."""
    count, channels = list(CLIPS.values())[index]
    return songs.samples(count)[:channels]


def compare(cache: Path, names: list[str]) -> None:
    """Print the largest difference for each clip, for both bandwidths of the models called `names`."""
    measure.head(["largest difference", *CLIPS])
    for name in names:
        models_dir = models.ensure(cache, name)
        for slug in (f"spleeter:{name}", f"spleeter:{name}-16kHz"):
            row = [slug]
            with tempfile.TemporaryDirectory() as folder:
                command = [
                    sys.executable,
                    "-W",
                    "ignore",
                    "-m",
                    "benchmarks.engines.equality",
                    str(cache),
                    slug,
                    folder,
                ]
                subprocess.run(command, check=True, cwd=ROOT, env=environment(), capture_output=True)
                engine = load_engine(modelspec.get(slug), models_dir, threads=2)
                for index, (count, _channels) in enumerate(CLIPS.values()):
                    mixture = np.broadcast_to(clip(index), (2, count))
                    theirs = np.load(f"{folder}/{index}.npy", mmap_mode="r")
                    row.append(f"{largest(separate([mixture], engine), theirs):.1e}")
            measure.row(row)
    print()


def main(cache: Path, slug: str, folder: Path) -> None:
    """Write ``folder/<index of clip>.npy``, [stems, 2, samples]."""
    from spleeter.separator import Separator

    spec = modelspec.get(slug)
    configuration = models.configuration(models.ensure(cache, spec.folder), slug)
    separator = Separator(str(configuration), multiprocess=False)
    for index in range(len(CLIPS)):
        stems = separator.separate(np.ascontiguousarray(clip(index).T))
        np.save(folder / f"{index}.npy", np.stack([stems[stem].T for stem in spec.stems]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
