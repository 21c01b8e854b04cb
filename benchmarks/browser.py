"""Separation in a browser against the native engine: CPU, wall time and memory, in one run and in alternation.

Chromium opens an empty page of ``static/separator``, and separates a song there with the module for other programs. The
native engine separates it in a process of its own. Loading is not counted: the weights are packed before.
"""

import functools
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks import songs
from benchmarks.chromium import PROGRAM, Chromium
from benchmarks.measure import ROOT, Cost, peak_mb, table, typical
from separation.engines.modelspec import get
from separation.engines.registry import load_engine
from separation.engines.spleeter.native import webassembly
from separation.engines.streaming import separate

HEADS = ["", "CPU s", "wall s", "peak MB", "CPU of the native engine"]
_WORKERS = (1, 2)
_BUILDS = {"SIMD": False, "relaxed SIMD": True}
_FOLDER = webassembly.FOLDER.relative_to(ROOT)
_WEIGHTS = os.path.relpath(ROOT / "separation/engines/spleeter/bundled", webassembly.FOLDER)

_LOAD = """(async () => {{
  const {{ load, RATE }} = await import("/{folder}/separator.js");
  const model = {model};
  window.separator = await load(model, {{ workers: {workers}, relaxed: {relaxed} }});
  const length = {seconds} * RATE;
  const left = Float32Array.from({{ length }}, (_, at) => Math.sin(at / 40) / 2 + Math.random() / 5);
  window.song = [left, left.map((value) => value / 2)];
}})()"""
_SEPARATE = """(async () => {
  const began = performance.now();
  for await (const piece of separator.separate(song)) if (!piece.stems.length) throw new Error("no stems");
  window.took = (performance.now() - began) / 1000;
})(), null"""


def run(slugs: list[str], seconds: int, rounds: int) -> None:
    """Print a table of a song of `seconds` for each of the bundled models in `slugs`, and one of sizes."""
    if not Path(PROGRAM).exists():
        print(f"There is no {PROGRAM}.\n")
        return
    with _served() as address:
        for slug in slugs:
            table([f"{slug}, {seconds} s", *HEADS[1:]], _rows(address, slug, seconds, rounds))
    files = [*(webassembly.FOLDER / name for name in webassembly.BUILDS)]
    files += [ROOT / "separation/engines/spleeter/bundled" / get(slug).files[0].name for slug in slugs]
    table(["file", "kB"], [[path.name, f"{path.stat().st_size / 1e3:.0f}"] for path in files])


def _rows(address: str, slug: str, seconds: int, rounds: int) -> list[list[str]]:
    costs: dict[tuple[str, int], list[Cost]] = {}
    for _ in range(rounds):
        for workers in _WORKERS:
            costs.setdefault(("native", workers), []).append(_native(slug, workers, seconds))
            for build, relaxed in _BUILDS.items():
                cost = _in_chromium(address, slug, workers, seconds, relaxed=relaxed)
                costs.setdefault((build, workers), []).append(cost)
    middle = {kind: typical(values) for kind, values in costs.items()}
    return [
        [
            f"{build}, {workers} worker{'s' * (workers > 1)}",
            *(f"{value:.1f}" for value in (cost.cpu, cost.wall)),
            f"{cost.peak:.0f}",
            f"{cost.cpu / middle['native', workers].cpu:.1f}x",
        ]
        for (build, workers), cost in middle.items()
    ]


def _native(slug: str, threads: int, seconds: int) -> Cost:
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_natively, (slug, threads, seconds))


def _natively(slug: str, threads: int, seconds: int) -> Cost:
    """Run in a process of its own."""
    song = songs.music(seconds)
    engine = load_engine(get(slug), Path(), name="native", threads=threads)
    cpu, wall = process_time(), perf_counter()
    for _stems in separate([song], engine):
        pass
    return Cost(process_time() - cpu, perf_counter() - wall, peak_mb(os.getpid()))


def _in_chromium(address: str, slug: str, workers: int, seconds: int, *, relaxed: bool) -> Cost:
    model: dict[str, Any] = next(each for each in webassembly.bundled_models() if each["name"] == slug)
    model["weights"]["files"] = [f"{_WEIGHTS}/{Path(file).name}" for file in model["weights"]["files"]]
    with Chromium() as chromium:
        chromium.send("Page.navigate", url=f"{address}/{_FOLDER}/MANIFEST.json")
        chromium.wait_until("document.readyState === 'complete' && location.protocol === 'http:'")
        chromium.evaluate(
            _LOAD.format(
                folder=_FOLDER,
                model=json.dumps(model),
                workers=workers,
                relaxed=json.dumps(relaxed),
                seconds=seconds,
            )
        )
        pid, before = _tab(chromium)
        chromium.evaluate(_SEPARATE)
        while (wall := chromium.evaluate("window.took ?? null")) is None:
            chromium.wait(0.2)
        return Cost(_tab(chromium)[1] - before, wall, peak_mb(pid))


def _tab(chromium: Chromium) -> tuple[int, float]:
    """Return the process of the page and its CPU seconds; Chromium's own pages use next to none."""
    told = chromium.send_browser("SystemInfo.getProcessInfo")["processInfo"]
    tab = max((each for each in told if each["type"] == "renderer"), key=lambda each: each["cpuTime"])
    return int(tab["id"]), float(tab["cpuTime"])


@contextmanager
def _served() -> Iterator[str]:
    """Serve the repository on the loopback; yields its address."""
    handler = functools.partial(_Quiet, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""
