"""The page that separates in the browser, with files: seconds, CPU and memory of its tab, in Chromium.

Memory is that of the tab's process, which counts Chromium's own program in full ("resident"), or the proportional share
of what other processes use as well: before, while it separates at most, and some seconds after the stems were let go.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import lameenc
import soundfile

from benchmarks import measure, songs
from benchmarks.chromium import PROGRAM, Chromium
from benchmarks.installation.server import Installation

HEADS = [
    *("", "s", "CPU s of the tab"),
    *("resident MB before", "at most", "afterwards"),
    *("proportional MB before", "at most", "afterwards"),
]
FORMS = ("wav", "flac", "mp3")
_EVERY = 0.2  # seconds between two looks at the memory
_PATIENCE = 1800.0
_COLLECTED = 15.0  # seconds after which the garbage collector has looked
_FILE = "document.querySelector('[data-choose] input[type=file]')"
_OVER = "document.querySelector('[data-files]:not([hidden])') !== null"
_LET_GO = "document.querySelector('[data-stop]').click()"


def run(slug: str, lengths: list[int], cache: Path) -> None:
    """Print a table of songs of `lengths` in seconds, separated by the model `slug`."""
    if not Path(PROGRAM).exists():
        print(f"There is no {PROGRAM}.\n")
        return
    with TemporaryDirectory() as folder, Installation(Path(folder)) as installation:
        rows = [
            [
                f"{seconds // 60} min, {form}",
                *_separate(installation.address, slug, _song(cache, seconds, form)),
            ]
            for seconds in lengths
            for form in FORMS
        ]
    measure.table([slug, *HEADS[1:]], rows)


def _separate(address: str, slug: str, song: Path) -> list[str]:
    with Chromium() as chromium:
        chromium.send("Page.navigate", url=f"{address}/try/")
        chromium.wait_until("document.querySelector('html.scripted') !== null")
        chromium.evaluate(f"document.querySelector('[value=\"{slug}\"]').click()")
        field = chromium.send("Runtime.evaluate", expression=_FILE)["result"]["objectId"]

        def separate() -> None:
            chromium.send("DOM.setFileInputFiles", files=[str(song.absolute())], objectId=field)
            chromium.wait_until(_OVER, _PATIENCE)

        pid = chromium.tab_pid
        before = _memory(pid)
        with _looks(pid) as looks:
            cost = measure.watched(lambda: pid, separate)
        chromium.evaluate(_LET_GO)
        chromium.wait(_COLLECTED)
        memory = zip(before, map(max, zip(*looks, strict=True)), _memory(pid), strict=True)
        return [f"{cost.wall:.1f}", f"{cost.cpu:.1f}", *(f"{mb:.0f}" for kind in memory for mb in kind)]


def _memory(pid: int) -> tuple[float, float]:
    """Resident and proportional, in MB."""
    return measure.resident_mb(pid), measure.resident_mb(pid, "Pss")


@contextmanager
def _looks(pid: int) -> Iterator[list[tuple[float, float]]]:
    """Yield the memory of a process that is noted meanwhile."""
    looks: list[tuple[float, float]] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(_EVERY):
            looks.append(_memory(pid))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield looks
    finally:
        over.set()
        looking.join()


def _song(cache: Path, seconds: int, form: str) -> Path:
    """A song as a file, made if it is not there."""
    plain = songs.ensure(cache, seconds)
    path = plain.with_suffix(f".{form}")
    if path.exists():
        return path
    if form == "flac":
        soundfile.write(path, soundfile.read(plain, dtype="int16")[0], songs.RATE)
        return path
    encoder = lameenc.Encoder()
    encoder.set_in_sample_rate(songs.RATE)
    encoder.set_channels(2)
    encoder.set_bit_rate(192)
    with soundfile.SoundFile(plain) as samples, path.open("wb") as file:
        for block in samples.blocks(songs.RATE, dtype="int16"):
            file.write(encoder.encode(block.tobytes()))
        file.write(encoder.flush())
    return path
