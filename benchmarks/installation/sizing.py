"""What songs cost a server: ``python -m benchmarks sizing [--recordings DIR]``.

Brings songs to a real installation, which takes them in and separates them; what all of its processes spend meanwhile
is what a song costs. Then stems are asked for as players and downloads have them.
"""

import tempfile
from pathlib import Path

import requests
import soundfile

from benchmarks import songs
from benchmarks.installation.server import Installation

HEADS = [
    "model",
    "CPU s for 3 minutes of music",
    "songs of 3 minutes an hour, 2 cores",
    "4 cores",
    "MB a minute: original",
    "stems",
    "stems as Opus",
    "of one stem as MP3",
]
_SONGS = 6
_MINUTES = 3


def measured(models: list[str], recordings: Path | None, cache: Path) -> list[list[str]]:
    """A row for each model, with songs of this machine or made here."""
    files = sorted(path for path in recordings.iterdir() if path.is_file()) if recordings else _made(cache)
    return [_row(model, files) for model in models]


def _made(cache: Path) -> list[Path]:
    """MP3s of different songs."""
    paths = []
    for seed in range(1, _SONGS + 1):
        path = cache / f"sizing-{seed}.mp3"
        if not path.exists():
            soundfile.write(path, songs.music(60 * _MINUTES, seed).T, songs.RATE, format="MP3")
        paths.append(path)
    return paths


def _row(model: str, files: list[Path]) -> list[str]:
    with (
        tempfile.TemporaryDirectory(prefix="stemoteca-bench-") as folder,
        Installation(Path(folder), STEMOTECA_DATABASE="", STEMOTECA_SCRUB_DAYS="0") as installation,
    ):
        before = installation.cpu_seconds()
        ids = [installation.upload(path, model) for path in files]
        found = [installation.finished(pk) for pk in ids]
        spent = installation.cpu_seconds() - before
        stems = [stem for separation in found for stem in separation["stems"]]
        sizes = {
            codec: sum(_size(installation, stem, codec) for stem in stems)
            for codec in ("flac", "opus", "mp3")
        }
    minutes = sum(soundfile.info(path).duration for path in files) / 60
    cpu = spent / minutes * 3
    originals = sum(path.stat().st_size for path in files)
    mp3 = sizes["mp3"] * len(files) / len(stems)  # of one stem of each song
    megabytes = [size / minutes / 1e6 for size in (originals, sizes["flac"], sizes["opus"], mp3)]
    hourly = [f"{3600 * cores / cpu:.0f}" for cores in (2, 4)]
    return [model, f"{cpu:.1f}", *hourly, *(f"{size:.1f}" for size in megabytes)]


def _size(installation: Installation, stem: dict[str, str], codec: str) -> int:
    """The bytes of a stem in this encoding, which is made where it is missing."""
    address = f"{installation.address}/api/v1/stems/{stem['id']}/audio/?codec={codec}"
    answer = requests.get(address, headers=installation.headers, timeout=600)
    answer.raise_for_status()
    return len(answer.content)
