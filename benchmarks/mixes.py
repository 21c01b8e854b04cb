"""What a mix costs: three parts into an MP3, as they are and at another tempo.

``python -m benchmarks.mixes SONG SECONDS TEMPO`` makes one and prints what that took, as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from audio.effects.mixing import Encoding, Part, TempoPitch, render
from audio.sandbox.fork_server import fork_server
from benchmarks import measure, songs

HEADS = ["three parts, MP3 256", "CPU s", "wall s", "peak MB"]
TEMPOS = (1.0, 0.8)
_GAIN = 0.3  # so that nothing clips and is made twice


def measured(cache: Path, lengths: tuple[int, ...]) -> list[list[str]]:
    """A row for each of ``lengths`` (seconds) and tempo; the decoders' CPU is in it, the peak is the mixer's."""
    rows = []
    for seconds in lengths:
        song = songs.ensure(cache, seconds)
        for tempo in TEMPOS:
            command = [sys.executable, "-m", "benchmarks.mixes", str(song), str(seconds), str(tempo)]
            told = subprocess.run(command, cwd=measure.ROOT, check=True, stdout=subprocess.PIPE).stdout
            cost = measure.Cost(**json.loads(told))
            name = f"{seconds // 60} min" + (f", tempo {tempo:g}" if tempo != 1 else "")
            rows.append([name, f"{cost.cpu:.1f}", f"{cost.wall:.1f}", f"{cost.peak:.0f}"])
    return rows


def main() -> None:
    """Make one mix."""
    song, seconds, tempo = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    parts = [Part(song, _GAIN, seconds, 1.0) for _ in range(3)]
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        wanted = Encoding("mp3", 256)
        render(parts, TempoPitch(tempo), Path(folder, "mix.mp3"), wanted, lambda _share: None)
    wall = time.perf_counter() - started
    fork_server.close()  # from now on its time is ours
    cpu = sum(os.times()[:4])
    print(json.dumps({"cpu": cpu, "wall": wall, "peak": measure.peak_mb(os.getpid())}))


if __name__ == "__main__":
    main()
