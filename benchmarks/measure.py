"""What a process costs: CPU seconds, wall time, and the most memory it ever had resident."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """CPU and wall time in seconds, peak resident memory in MB (of the largest process)."""

    cpu: float
    wall: float
    peak: float


def typical(costs: Iterable[Cost]) -> Cost:
    """The medians."""
    costs = list(costs)
    return Cost(*(median(getattr(cost, name) for cost in costs) for name in ("cpu", "wall", "peak")))


def least(costs: Iterable[Cost]) -> Cost:
    """The smallest figures: those that other processes disturbed least."""
    costs = list(costs)
    return Cost(*(min(getattr(cost, name) for cost in costs) for name in ("cpu", "wall", "peak")))


def environment() -> dict[str, str]:
    """For Spleeter: no GPU, no chatter."""
    return os.environ | {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def run(module: str, *arguments: str, interpreter: str = sys.executable, **variables: str) -> Cost:
    """A whole process, ``python -m module arguments``, with all it starts and waits for."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [interpreter, "-W", "ignore", "-m", module, *arguments],
        cwd=ROOT,
        env=environment() | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    complaints = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{module} failed: {complaints.decode()[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1e3 * 1.024)


class KeptProcess:
    """A process that keeps a model, and separates once for each line that it is given."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def separate(self, request: Any = None) -> Cost:
        """Once more."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise RuntimeError("the process that keeps the model has ended")
        cost = json.loads(answer)
        return Cost(cost["cpu"], cost["wall"], peak_mb(process.pid))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def watched(pid: Callable[[], int | None], work: Callable[[], None]) -> Cost:
    """What `work` costs in the process `pid` (called before and after; None before means: not started yet)."""
    before = pid()
    cpu = _cpu(before) if before else 0.0
    if before:
        Path(f"/proc/{before}/clear_refs").write_text("5")  # the peak starts anew
    started = time.perf_counter()
    work()
    wall = time.perf_counter() - started
    after = pid()
    assert after is not None
    return Cost(_cpu(after) - cpu, wall, peak_mb(after))


def _cpu(pid: int) -> float:
    """CPU seconds of a process, of its descendants, and of all those that they have waited for."""
    process = Path("/proc", str(pid))
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    own = sum(int(field) for field in fields[11:15]) * _TICK
    children: list[str] = []
    for task in (process / "task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            children += (task / "children").read_text().split()
    return own + sum(_cpu(int(child)) for child in children)


def peak_mb(pid: int) -> float:
    """The most memory that the process has had resident, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1.024 / 1e3


def resident_mb(pid: int, kind: str = "Rss") -> float:
    """Resident memory of a process in MB, or its proportional share of it ("Pss")."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(rf"^{kind}:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1.024 / 1e3 if found else 0.0


def table(heads: list[str], rows: list[list[str]]) -> None:
    """Print Markdown."""
    head(heads)
    for cells in rows:
        row(cells)
    print(flush=True)


def head(heads: list[str]) -> None:
    """Begin a table whose rows come while they are measured."""
    row(heads)
    row(["---"] * len(heads))


def row(cells: list[str]) -> None:
    """One more row."""
    print("| " + " | ".join(cells) + " |", flush=True)
