"""Keeps the website and the queue running, starts imports that were asked for, and ends all of it when it ends
itself, however that happens.

The supervisor is small on purpose: it starts each program in a session of its own, starts again what ended,
sweeps the queue, and restarts a queue that no longer moves. Its children die with it (see ``lifeline.py``).
"""

import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from queue import SimpleQueue
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from catalog.storage.garbage_collection import collect
from operations import process_lifecycle
from separation import import_runs
from separation.feedback import statistics
from separation.lifecycle import busy_workers, here, in_turn
from separation.models import Separation
from separation.queue.recovery import sweep

log = logging.getLogger(__name__)

GRACE_SECONDS = 20.0
SETTLED_SECONDS = 10.0
COLLECT_SECONDS = 3600.0
COLLECT_GRACE = timedelta(hours=24)
# A queue that has work and idle workers, and takes nothing for so long, is wedged.
WEDGED_SECONDS = 60.0


@dataclass
class Program:
    """One child, in a session of its own, that is started again when it ends."""

    name: str
    command: list[str]
    pass_fds: tuple[int, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    due: float = 0.0
    failures: int = 0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=settings.BASE_DIR,
            env=os.environ | {process_lifecycle.SUPERVISOR_PID_VARIABLE: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            pass_fds=self.pass_fds,
            start_new_session=True,  # Ctrl-C is for the supervisor, and the whole group can be killed at once
        )

    def ended(self, status: int) -> None:
        """Note the end of the process, and when to start the next one: at once, but ever later in a row."""
        if self.process:
            self.signal(signal.SIGKILL)
            self.process.returncode = os.waitstatus_to_exitcode(status)
        self.process = None
        now = time.monotonic()
        self.failures = 0 if now - self.started > SETTLED_SECONDS else self.failures + 1
        self.due = now + (min(2.0**self.failures, 30.0) if self.failures else 0.0)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        if self.process:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return


@dataclass
class Watchdog:
    """Notices a queue that has stopped moving, whatever the cause."""

    since: float | None = None
    seen: object = None

    def is_wedged(self, now: float) -> bool:
        """True when songs wait and workers of ours are idle, and none was taken for ``WEDGED_SECONDS``."""
        busy = sum(worker.startswith(f"{here()}/") for worker in busy_workers())
        waits = in_turn(held=False).exists()
        last = Separation.objects.order_by("-started_at").exclude(started_at=None)
        seen = last.values_list("pk", "started_at").first()
        if not waits or busy >= settings.WORKERS or seen != self.seen:
            self.since, self.seen = None, seen
            return False
        if self.since is None:
            self.since = now
        return now - self.since > WEDGED_SECONDS


@dataclass
class Supervisor:
    """Runs until a signal; ``run()`` returns the exit status."""

    programs: list[Program]
    queue: Program
    _stopping: int = 0
    _news: bool = False
    _stirred: threading.Event = field(default_factory=threading.Event)
    _wedged: threading.Event = field(default_factory=threading.Event)
    _importer: Program = field(default_factory=lambda: Program("an import", []))
    _wanted_import: UUID | None = None
    _ended_imports: SimpleQueue[UUID] = field(default_factory=SimpleQueue)

    def run(self, ready: Callable[[], None]) -> int:
        process_lifecycle.adopt_orphans()
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        os.set_blocking(reader, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGUSR1, self._on_news)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for program in self.programs:
            program.start()
        threading.Thread(target=self._sweep_for_ever, daemon=True, name="sweeper").start()
        threading.Thread(target=self._count_for_ever, daemon=True, name="counter").start()
        ready()
        while not self._stopping:
            self._reap()
            self._start_due()
            self._start_import()
            if self._news:
                self._news = False
                self._stirred.set()
            if self._wedged.is_set():
                self._wedged.clear()
                log.error("the queue no longer moves; starting it anew")
                self.queue.signal(signal.SIGKILL)
            select.select([reader], [], [], 1.0)
            _empty(reader)
        return self._stop()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping += 1

    def _on_news(self, _number: int, _frame: object) -> None:
        self._news = True

    def _start_due(self) -> None:
        for program in self.programs:
            if program.process is None and time.monotonic() >= program.due:
                program.start()

    def _start_import(self) -> None:
        """One at a time. What it says of itself stands in its row; nobody starts it again."""
        if self._wanted_import and self._importer.process is None:
            run, self._wanted_import = self._wanted_import, None
            self._importer = importer(run)
            self._importer.start()

    @property
    def _children(self) -> list[Program]:
        return [*self.programs, self._importer]

    def _reap(self) -> None:
        """Bury every child that ended, ours or adopted."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for program in self._children:
                if program.process and program.process.pid == pid:
                    program.ended(status)
                    if self._stopping:
                        continue
                    if program is self._importer:
                        self._ended_imports.put(UUID(program.command[-1]))
                    else:
                        log.warning(
                            "%s ended (status %d); starting it again",
                            program.name,
                            os.waitstatus_to_exitcode(status),
                        )
                    if program is self.queue:
                        self._stirred.set()

    def _stop(self) -> int:
        """SIGTERM to all, SIGKILL to what is left after a grace period or a second signal."""
        for program in self._children:
            program.signal(signal.SIGTERM)
        asked = self._stopping
        deadline = time.monotonic() + GRACE_SECONDS
        while any(program.process for program in self._children):
            if time.monotonic() > deadline or self._stopping > asked:
                for program in self._children:
                    program.signal(signal.SIGKILL)
            time.sleep(0.05)
            self._reap()
        deadline = time.monotonic() + 5.0
        while (left := process_lifecycle.child_pids()) and time.monotonic() < deadline:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
            self._reap()
        return 0

    def _sweep_for_ever(self) -> None:
        """The sweeper's thread: puts the queue right, watches it, collects unnamed files now and then."""
        watchdog = Watchdog()
        fresh, resumed, collected = True, False, time.monotonic() - COLLECT_SECONDS + 60
        while not self._stopping:
            self._stirred.clear()
            try:
                sweep(**({"ring_after": 0.0} if fresh else {}))
                fresh = False
                if not resumed:
                    import_runs.resume()
                    resumed = True
                self._see_to_imports()
                if watchdog.is_wedged(time.monotonic()):
                    watchdog = Watchdog()
                    self._wedged.set()
                if time.monotonic() - collected > COLLECT_SECONDS:
                    collected = time.monotonic()
                    collect(COLLECT_GRACE)
            except (DatabaseError, InterfaceError) as error:
                log.warning("no sweep now: the database is away: %s", error)
            except Exception:
                log.exception("a sweep broke off")
            finally:
                connection.close()
            if self._stirred.wait(settings.SWEEP_SECONDS):
                fresh = True
                time.sleep(1.0)  # until the new queue listens

    def _count_for_ever(self) -> None:
        """Statistics, where counting takes long: a sweep may not wait for that."""
        while not self._stopping:
            try:
                statistics.refresh()
            except Exception:
                log.exception("the statistics could not be counted")
            finally:
                connection.close()
            time.sleep(settings.SWEEP_SECONDS)

    def _see_to_imports(self) -> None:
        while not self._ended_imports.empty():
            import_runs.give_up(self._ended_imports.get())
        if self._importer.process is None and self._ended_imports.empty():
            self._wanted_import = import_runs.next_waiting()


def _empty(reader: int) -> None:
    try:
        while os.read(reader, 512):
            pass
    except BlockingIOError:
        return


def website(descriptor: int) -> list[Program]:
    """The processes that share the listening socket ``descriptor``."""
    command = [sys.executable, "-m", "operations.server", "--fd", str(descriptor)]
    return [
        Program("the website", list(command), pass_fds=(descriptor,)) for _ in range(settings.WEB_PROCESSES)
    ]


def importer(run: UUID) -> Program:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "carry_out_import", str(run)]
    return Program("an import", command)


def queue() -> Program:
    return Program("the queue", [sys.executable, str(settings.BASE_DIR / "manage.py"), "cluster"])
