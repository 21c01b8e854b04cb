"""What the player costs a browser: bytes, time to the first sound, CPU and memory of the tab, measured in Chromium.

Starts ``manage.py run``, has a song separated (once; the installation is kept in the cache), opens its page, and
presses what a person would press. Network and processor are throttled by the DevTools protocol. Resident memory is
that of the tab's own process, as the kernel tells: all of it, and the proportional share of what others use as well.
"""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks import measure
from benchmarks.chromium import PROGRAM, Chromium
from benchmarks.installation.server import Installation, an_hour
from benchmarks.measure import resident_mb

MODELS = {2: "compact:2stems", 4: "compact:4stems", 5: "spleeter:5stems"}
QUALITIES = {"Opus": "small", "FLAC": "lossless"}
TABLES = ("network", "memory")
_SLOW_LINE = {
    "offline": False,
    "latency": 150,  # ms
    "downloadThroughput": 1.6e6 / 8,  # bytes a second
    "uploadThroughput": 0.75e6 / 8,
}
_SLOW_CPU = 4
_OPUS_SEGMENT = 131_072  # samples
_RATE = 44_100
_EVERY = 0.5  # seconds from one jump to the next
_SETTLED = 10.0  # seconds after the first sound until as much is fetched as is played

# Notes the longest task of the page's own thread, and how often the player waited.
_OBSERVER = """() => {
  window.measured = { longest: 0, waits: 0 };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) measured.longest = Math.max(measured.longest, duration);
  }).observe({ type: "longtask" });
  const player = document.querySelector(".player");
  new MutationObserver(() => {
    if (player.dataset.playing === "waiting") measured.waits += 1;
  }).observe(player, { attributeFilter: ["data-playing"] });
}"""


@dataclass(frozen=True)
class Plan:
    """A song of ``minutes`` with ``stems``, the codecs it is fetched in, and what is done with each."""

    minutes: int
    stems: int
    codecs: Sequence[str]
    tables: Sequence[str]
    jumps: int
    played: float
    """Seconds that it plays without a jump."""


def run(plan: Plan, cache: Path) -> None:
    """Print the tables of the plan."""
    if not Path(PROGRAM).exists():
        print(f"There is no {PROGRAM}.\n")
        return
    with _song(plan, cache) as address:
        columns = [_Column(address, plan, codec) for codec in plan.codecs]
        names = f"{plan.minutes} min, {plan.stems} stems"
        if "network" in plan.tables:
            _print(names, plan.codecs, [column.network() for column in columns])
        if "memory" in plan.tables:
            names += "; resident, proportional, JavaScript in MB"
            _print(names, plan.codecs, [column.memory() for column in columns])


def _print(title: str, codecs: Sequence[str], columns: list[dict[str, str]]) -> None:
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    measure.table([title, *codecs], rows)


@contextmanager
def _song(plan: Plan, cache: Path) -> Iterator[str]:
    """The address of the page of a song whose stems are all there, also as Opus."""
    folder = cache / f"player-{plan.minutes}min-{plan.stems}stems"
    folder.mkdir(exist_ok=True)
    model = MODELS[plan.stems]
    environment = {}
    if model.startswith("spleeter:"):
        from benchmarks.engines.models import ensure  # noqa: PLC0415  (needs TensorFlow to make them)

        environment["STEMOTECA_MODELS"] = str(ensure(cache, model.partition(":")[2]).absolute())
    with Installation(folder.absolute(), **environment) as installation:
        state = installation.finished(installation.upload(an_hour(cache, plan.minutes), model))
        last = (plan.minutes * 60 * _RATE - 1) // _OPUS_SEGMENT
        for stem in state["stems"]:
            address = f"{installation.address}/api/v1/stems/{stem['id']}/segments/{last}/?codec=opus"
            while requests.get(address, timeout=60).status_code != requests.codes.ok:
                time.sleep(1)
        yield f"{installation.address}/tracks/{state['track']}/"


class _Column:
    """The figures of one codec."""

    def __init__(self, address: str, plan: Plan, codec: str) -> None:
        self._address, self._plan, self._quality = address, plan, QUALITIES[codec]

    def network(self) -> dict[str, str]:
        """Bytes and CPU on a line without limits, then the first sound on a slow one."""
        with Chromium() as chromium:
            tab = _Tab(chromium, self._quality)
            tab.count_bytes()
            tab.open(self._address)
            chromium.wait(4)
            before, whole = tab.segment_bytes, tab.all_bytes
            tab.play()
            chromium.wait(_SETTLED)
            playing = tab.segment_bytes
            chromium.evaluate("measured.longest = 0")
            cost = measure.watched(lambda: tab.pid, lambda: chromium.wait(self._plan.played))
            share = 60 / self._plan.played
            found = {
                "fetched before anybody pressed play, kB: segments; page": f"{before / 1e3:.0f}; {whole / 1e3:.0f}",
                "a minute of playing, MB": f"{share * (tab.segment_bytes - playing) / 1e6:.1f}",
                "a minute of playing, CPU s of the tab": f"{share * cost.cpu:.1f}",
                "longest task of the page's thread meanwhile, ms": f"{tab.measured('longest'):.0f}",
            }
        with Chromium() as chromium:
            tab = _Tab(chromium, self._quality)
            tab.count_bytes()
            tab.throttle()
            tab.open(self._address)
            chromium.wait(4)
            began = time.monotonic()
            tab.play()
            found["1.6 Mbit/s, CPU / 4: from play to sound, s"] = f"{time.monotonic() - began:.1f}"
            waits = tab.measured("waits")
            chromium.wait(20)
            found["waits for the network in 20 s there"] = f"{tab.measured('waits') - waits:.0f}"
        return found

    def memory(self) -> dict[str, str]:
        """What the tab keeps, and the most that it ever had."""
        plan = self._plan
        generator = random.Random(1)  # noqa: S311
        with Chromium() as chromium:
            tab = _Tab(chromium, self._quality)
            tab.open(self._address)
            chromium.wait(2)
            found = {"before anybody pressed play": tab.memory()}
            tab.play()
            chromium.wait(5)
            found["5 s after the start"] = tab.memory()

            def seek() -> None:
                for _ in range(plan.jumps):
                    tab.seek(generator.random())
                    chromium.wait(_EVERY)

            peak = measure.watched(lambda: tab.pid, seek).peak
            found[f"{plan.jumps} jumps, one each {_EVERY:g} s: after the last"] = tab.memory()
            found["at most meanwhile"] = f"{peak:.0f}"
            tab.seek(0)
            peak = measure.watched(lambda: tab.pid, lambda: chromium.wait(plan.played)).peak
            found[f"{plan.played:g} s of playing later"] = tab.memory()
            found["at most during these"] = f"{peak:.0f}"
        return found


class _Tab:
    """A page with a player, and what the browser and the kernel tell of it."""

    def __init__(self, chromium: Chromium, quality: str) -> None:
        self._chromium = chromium
        self.all_bytes = self.segment_bytes = 0
        self._addresses: dict[str, str] = {}
        chromium.send("Page.enable")
        remember = f"localStorage.setItem('stemoteca.quality', '\"{quality}\"')"
        chromium.send("Page.addScriptToEvaluateOnNewDocument", source=remember)

    def count_bytes(self) -> None:
        """Have the browser tell what it fetches."""
        self._chromium.on_event = self._count
        self._chromium.send("Network.enable", maxTotalBufferSize=0, maxResourceBufferSize=0)

    def _count(self, name: str, details: dict[str, Any]) -> None:
        if name == "Network.responseReceived":
            self._addresses[details["requestId"]] = details["response"]["url"]
        elif name == "Network.loadingFinished":
            size = round(details["encodedDataLength"])
            self.all_bytes += size
            if "/segments/" in self._addresses.get(details["requestId"], ""):
                self.segment_bytes += size

    def throttle(self) -> None:
        self._chromium.send("Network.emulateNetworkConditions", **_SLOW_LINE)
        self._chromium.send("Emulation.setCPUThrottlingRate", rate=_SLOW_CPU)

    def open(self, address: str) -> None:
        self._chromium.send("Page.navigate", url=address)
        self._chromium.wait_until("document.querySelector('.player[data-playing]') !== null")
        self._chromium.evaluate(f"({_OBSERVER})()")

    def play(self) -> None:
        """Press the space bar, and wait for the sound."""
        key = {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "}
        self._chromium.send("Input.dispatchKeyEvent", type="keyDown", **key)
        self._chromium.send("Input.dispatchKeyEvent", type="keyUp", **key)
        self._chromium.wait_until("document.querySelector('.player').dataset.playing === 'playing'")

    def seek(self, share: float) -> None:
        """Jump to a place on the ruler, 0 to 1."""
        box = "document.querySelector('[data-ruler]').getBoundingClientRect()"
        left, top, width, height = self._chromium.evaluate(
            f"(({{x, y, width, height}}) => [x, y, width, height])({box})"
        )
        place = {"x": left + share * (width - 1), "y": top + height / 2, "button": "left", "clickCount": 1}
        self._chromium.send("Input.dispatchMouseEvent", type="mousePressed", **place)
        self._chromium.send("Input.dispatchMouseEvent", type="mouseReleased", **place)

    def measured(self, name: str) -> float:
        return float(self._chromium.evaluate(f"measured.{name}"))

    @property
    def pid(self) -> int:
        return self._chromium.tab_pid

    def memory(self) -> str:
        pid = self.pid
        heap = self._chromium.send("Runtime.getHeapUsage")["totalSize"] / 1e6
        return f"{resident_mb(pid):.0f}, {resident_mb(pid, 'Pss'):.0f}, {heap:.0f}"
