"""What encoding a stem costs: FLAC by our encoder and by libFLAC at the levels that are usual, and Opus segments."""

import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
import soundfile

from audio.encoding.opus_segments import encode_segments
from audio.flac import SegmentedFile
from audio.flac_frames import FRAME_SAMPLES
from benchmarks import songs
from separation.engines import modelspec
from separation.engines.registry import load_engine
from separation.engines.streaming import separate
from separation.separator.encoder import NativeEncoder

HEADS = ["encoding of a stem", "CPU ms for a minute", "MB for a minute"]
_SECONDS = 60
_LEVELS = {"libFLAC, level 4": 0.5, "libFLAC, level 5": 0.625}
_BITRATES = (128, 80)  # of one of two stems, of one of four

Pcm = npt.NDArray[np.int16]


def measured(recording: Path | None, rounds: int) -> list[list[str]]:
    """A row for each encoder: medians in alternation, over both stems of a minute of `recording` or of our song."""
    stems = _stems(recording)
    seconds = sum(map(len, stems)) / songs.RATE
    ways: dict[str, Callable[[Pcm], int]] = {"ours": _ours}
    ways |= {name: _libflac(level) for name, level in _LEVELS.items()}
    ways |= {f"Opus segments, {kbits} kbit/s": _opus(kbits) for kbits in _BITRATES}
    costs: dict[str, list[float]] = {name: [] for name in ways}
    sizes = {}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.process_time()
            sizes[name] = sum(map(way, stems))
            costs[name].append(time.process_time() - started)
    per_minute = 60 / seconds
    return [
        [name, f"{median(costs[name]) * per_minute * 1e3:.0f}", f"{sizes[name] * per_minute / 1e6:.2f}"]
        for name in ways
    ]


def _stems(recording: Path | None) -> list[Pcm]:
    if recording is None:
        mixture = songs.music(_SECONDS)
    else:
        read, _rate = soundfile.read(recording, _SECONDS * songs.RATE, dtype="float32", always_2d=True)
        mixture = np.ascontiguousarray(np.broadcast_to(read.T, (2, len(read))))
    engine = load_engine(modelspec.get("compact:2stems"), Path(), threads=1)
    stems = np.concatenate(list(separate([mixture], engine)), axis=2)
    return [np.rint(np.clip(stem.T, -1, 1) * 32767).astype(np.int16, order="C") for stem in stems]


def _ours(pcm: Pcm) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "stem.flac")
        encoder = NativeEncoder(SegmentedFile(path, 1))
        for start in range(0, len(pcm), 16 * FRAME_SAMPLES):
            encoder.write(pcm[start : start + 16 * FRAME_SAMPLES])
        encoder.close()
        return path.stat().st_size


def _libflac(level: float) -> Callable[[Pcm], int]:
    def encode(pcm: Pcm) -> int:
        file = io.BytesIO()
        soundfile.write(file, pcm, songs.RATE, "PCM_16", format="FLAC", compression_level=level)
        return len(file.getvalue())

    return encode


def _opus(kbits: int) -> Callable[[Pcm], int]:
    def encode(pcm: Pcm) -> int:
        blocks = (
            pcm[start : start + songs.RATE].T.astype(np.float32) / 32768
            for start in range(0, len(pcm), songs.RATE)
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "stem")
            encode_segments([blocks], len(pcm), path, kbits, lambda _share: None)
            return path.stat().st_size

    return encode
