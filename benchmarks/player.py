"""What the player costs a browser: bytes, time to the first sound, CPU and memory of the tab, measured in Chromium.

Starts ``manage.py run``, has a song separated (once; the installation is kept in the cache), opens its page, and
presses what a person would press. Network and processor are throttled by the DevTools protocol. Resident memory is
that of the tab's own process, as the kernel tells: all of it, and the proportional share of what others use as well.
"""

import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks import measure
from benchmarks.installation.server import Installation, an_hour

MODELS = {2: "compact:2stems", 4: "compact:4stems", 5: "spleeter:5stems"}
QUALITIES = {"Opus": "small", "FLAC": "lossless"}
TABLES = ("network", "memory")
_CHROMIUM = "/usr/bin/chromium"
_SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
]
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
_PATIENCE = 60.0  # seconds until something is heard

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
    if not Path(_CHROMIUM).exists():
        print(f"There is no {_CHROMIUM}.\n")
        return
    with _song(plan, cache) as address, sync_playwright() as play:
        columns = [_Column(play.chromium, address, plan, codec) for codec in plan.codecs]
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

    def __init__(self, chromium: Any, address: str, plan: Plan, codec: str) -> None:
        self._chromium, self._address, self._plan, self._codec = chromium, address, plan, codec

    def network(self) -> dict[str, str]:
        """Bytes and CPU on a line without limits, then the first sound on a slow one."""
        with self._tab() as tab:
            tab.open(self._address)
            tab.page.wait_for_timeout(4000)
            before, whole = tab.segment_bytes, tab.all_bytes
            tab.play()
            tab.page.wait_for_timeout(1000 * _SETTLED)
            playing = tab.segment_bytes
            cost = measure.watched(
                lambda: tab.pid, lambda: tab.page.wait_for_timeout(1000 * self._plan.played)
            )
            share = 60 / self._plan.played
            found = {
                "fetched before anybody pressed play, kB: segments; page": f"{before / 1e3:.0f}; {whole / 1e3:.0f}",
                "a minute of playing, MB": f"{share * (tab.segment_bytes - playing) / 1e6:.1f}",
                "a minute of playing, CPU s of the tab": f"{share * cost.cpu:.1f}",
                "longest task of the page's thread meanwhile, ms": f"{tab.measured('longest'):.0f}",
            }
        with self._tab() as tab:
            tab.throttle()
            tab.open(self._address)
            tab.page.wait_for_timeout(4000)
            began = time.monotonic()
            tab.play()
            found["1.6 Mbit/s, CPU / 4: from play to sound, s"] = f"{time.monotonic() - began:.1f}"
            waits = tab.measured("waits")
            tab.page.wait_for_timeout(20_000)
            found["waits for the network in 20 s there"] = f"{tab.measured('waits') - waits:.0f}"
        return found

    def memory(self) -> dict[str, str]:
        """What the tab keeps, and the most that it ever had."""
        plan = self._plan
        generator = random.Random(1)  # noqa: S311
        with self._tab() as tab:
            tab.open(self._address)
            tab.page.wait_for_timeout(2000)
            found = {"before anybody pressed play": tab.memory()}
            tab.play()
            tab.page.wait_for_timeout(5000)
            found["5 s after the start"] = tab.memory()

            def seek() -> None:
                for _ in range(plan.jumps):
                    tab.seek(generator.random())
                    tab.page.wait_for_timeout(1000 * _EVERY)

            peak = measure.watched(lambda: tab.pid, seek).peak
            found[f"{plan.jumps} jumps, one each {_EVERY:g} s: after the last"] = tab.memory()
            found["at most meanwhile"] = f"{peak:.0f}"
            tab.seek(0)
            peak = measure.watched(
                lambda: tab.pid, lambda: tab.page.wait_for_timeout(1000 * plan.played)
            ).peak
            found[f"{plan.played:g} s of playing later"] = tab.memory()
            found["at most during these"] = f"{peak:.0f}"
        return found

    @contextmanager
    def _tab(self) -> Iterator["_Tab"]:
        """A browser of its own, so that nothing is in its cache or memory."""
        browser = self._chromium.launch(executable_path=_CHROMIUM, args=_SWITCHES)
        try:
            yield _Tab(browser, QUALITIES[self._codec])
        finally:
            browser.close()


class _Tab:
    """A page with a player, and what the browser and the kernel tell of it."""

    def __init__(self, browser: Browser, quality: str) -> None:
        self._processes: CDPSession = browser.new_browser_cdp_session()
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_init_script(f"localStorage.setItem('stemoteca.quality', '\"{quality}\"')")
        self.page: Page = context.new_page()
        self._protocol = context.new_cdp_session(self.page)
        self.all_bytes = self.segment_bytes = 0
        self._addresses: dict[str, str] = {}
        self._protocol.send("Network.enable")
        self._protocol.on("Network.responseReceived", self._answered)
        self._protocol.on("Network.loadingFinished", self._loaded)

    def _answered(self, event: dict[str, Any]) -> None:
        self._addresses[event["requestId"]] = event["response"]["url"]

    def _loaded(self, event: dict[str, Any]) -> None:
        size = round(event["encodedDataLength"])
        self.all_bytes += size
        if "/segments/" in self._addresses.get(event["requestId"], ""):
            self.segment_bytes += size

    def throttle(self) -> None:
        self._protocol.send("Network.emulateNetworkConditions", _SLOW_LINE)
        self._protocol.send("Emulation.setCPUThrottlingRate", {"rate": _SLOW_CPU})

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.evaluate(_OBSERVER)

    def play(self) -> None:
        """Press the space bar, and wait for the sound."""
        self.page.keyboard.press("Space")
        self.page.wait_for_selector(".player[data-playing=playing]", timeout=1000 * _PATIENCE)

    def seek(self, share: float) -> None:
        """Jump to a place on the ruler, 0 to 1."""
        box = self.page.locator("[data-ruler]").bounding_box()
        assert box
        self.page.mouse.click(box["x"] + share * (box["width"] - 1), box["y"] + box["height"] / 2)

    def measured(self, name: str) -> float:
        return float(self.page.evaluate(f"measured.{name}"))

    @property
    def pid(self) -> int:
        """Of the process that shows the page: the largest of its kind, as the browser keeps an empty one ready."""
        told = self._processes.send("SystemInfo.getProcessInfo")["processInfo"]
        return max((process["id"] for process in told if process["type"] == "renderer"), key=_resident)

    def memory(self) -> str:
        pid = self.pid
        heap = self._protocol.send("Runtime.getHeapUsage")["totalSize"] / 1e6
        return f"{_resident(pid):.0f}, {_resident(pid, 'Pss'):.0f}, {heap:.0f}"


def _resident(pid: int, kind: str = "Rss") -> float:
    """Resident memory of a process in MB, or its proportional share of it ("Pss")."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(rf"^{kind}:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1.024 / 1e3 if found else 0.0
