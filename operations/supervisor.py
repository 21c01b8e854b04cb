"""The supervisor of one installation: keeps website and queue running, starts requested imports and what is due.

It starts each program in a session of its own and restarts what ended. Three threads of its own run beside that:
``queue-recovery`` (which also restarts a queue that is stuck), ``garbage-collection`` and ``statistics``. When the
supervisor ends, however that happens, its children die with it (see ``process_lifecycle.py``).
"""

import itertools
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

from catalog.storage.garbage_collection import collect, collect_rows
from operations import process_lifecycle
from operations.maintenance import schedule
from separation import import_runs
from separation.feedback import statistics
from separation.models import Separation
from separation.queue.recovery import TASK_LOST_SECONDS, recover
from separation.queue.scheduling import in_order
from separation.queue.workers import busy_workers, host

log = logging.getLogger(__name__)

GRACE_SECONDS = 20.0
# A program that ran for so long before it ended is restarted at once.
STABLE_SECONDS = 10.0
FIRST_COLLECTION_SECONDS = 60.0
COLLECTION_SECONDS = 900.0
"""Between two collections of dropped songs. Every fourth one also looks for files that no row names."""
FILES_EVERY = 4
COLLECTION_GRACE = timedelta(hours=24)
# A queue that has work and idle workers, and claims nothing for so long, is stuck.
STUCK_SECONDS = 60.0


@dataclass
class Program:
    """A child process in a session of its own."""

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
        """Record the end of the process and when to restart it: at once, but ever later when it keeps ending."""
        if self.process:
            self.signal(signal.SIGKILL)
            self.process.returncode = os.waitstatus_to_exitcode(status)
        self.process = None
        now = time.monotonic()
        self.failures = 0 if now - self.started > STABLE_SECONDS else self.failures + 1
        self.due = now + (min(2.0**self.failures, 30.0) if self.failures else 0.0)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        if self.process:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return


@dataclass
class StuckQueueDetector:
    """Detects a queue that claims nothing, whatever the cause."""

    since: float | None = None
    last_claim: object = None

    def is_stuck(self, now: float) -> bool:
        """Whether songs wait and workers of this host are idle, and none was claimed for ``STUCK_SECONDS``."""
        busy = sum(worker.startswith(f"{host()}/") for worker in busy_workers())
        waits = any(not row.held for row in in_order()[:1])
        started = Separation.objects.order_by("-started_at").exclude(started_at=None)
        last_claim = started.values_list("pk", "started_at").first()
        if not waits or busy >= settings.WORKERS or last_claim != self.last_claim:
            self.since, self.last_claim = None, last_claim
            return False
        if self.since is None:
            self.since = now
        return now - self.since > STUCK_SECONDS


@dataclass
class Supervisor:
    """Runs until a signal; ``run()`` returns the exit status."""

    programs: list[Program]
    queue: Program
    _stopping: int = 0
    _work_left_behind: bool = False
    _queue_is_fresh: bool = True
    _imports_resumed: bool = False
    _recover_now: threading.Event = field(default_factory=threading.Event)
    _queue_stuck: threading.Event = field(default_factory=threading.Event)
    _detector: StuckQueueDetector = field(default_factory=StuckQueueDetector)
    _importer: Program = field(default_factory=lambda: Program("import", []))
    _wanted_import: UUID | None = None
    _maintenance: Program = field(default_factory=lambda: Program("maintenance", []))
    _due_command: list[str] = field(default_factory=list)
    _ended_imports: SimpleQueue[UUID] = field(default_factory=SimpleQueue)

    def run(self, ready: Callable[[], None]) -> int:
        process_lifecycle.adopt_orphans()
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        os.set_blocking(reader, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGUSR1, self._on_work_left_behind)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for program in self.programs:
            program.start()
        self.start_threads()
        ready()
        while not self._stopping:
            self._reap()
            self._start_due()
            self._start_import()
            self._start_maintenance()
            if self._work_left_behind:
                self._work_left_behind = False
                self._recover_now.set()
            if self._queue_stuck.is_set():
                self._queue_stuck.clear()
                log.error("queue stuck: songs wait and idle workers claim none; it is being restarted")
                self.queue.signal(signal.SIGKILL)
            select.select([reader], [], [], 1.0)
            _empty(reader)
        return self._stop()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping += 1

    def _on_work_left_behind(self, _number: int, _frame: object) -> None:
        self._work_left_behind = True

    def _start_due(self) -> None:
        for program in self.programs:
            if program.process is None and time.monotonic() >= program.due:
                program.start()

    def _start_import(self) -> None:
        """Start the next import unless one is running. It stores its result in its row and is not restarted."""
        if self._wanted_import and self._importer.process is None:
            run, self._wanted_import = self._wanted_import, None
            self._importer = importer(run)
            self._importer.start()

    def _start_maintenance(self) -> None:
        """Start the backup or check that is due unless one is running."""
        if self._due_command and self._maintenance.process is None:
            command, self._due_command = self._due_command, []
            self._maintenance = Program("maintenance", manage(*command))
            self._maintenance.start()

    @property
    def _children(self) -> list[Program]:
        return [*self.programs, self._importer, self._maintenance]

    def _reap(self) -> None:
        """Reap every child that ended, ours or adopted."""
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
                    elif program is not self._maintenance:
                        log.warning(
                            "%s stopped (exit status %d); it is being restarted",
                            program.name,
                            os.waitstatus_to_exitcode(status),
                        )
                    if program is self.queue:
                        self._recover_now.set()

    def _stop(self) -> int:
        """Send SIGTERM to all, and SIGKILL to what is left after a grace period or a second signal."""
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

    def start_threads(self) -> list[threading.Thread]:
        """Start what runs beside the programs. One thread each, since none may wait for another."""
        jobs = {
            "queue-recovery": self._recover_repeatedly,
            "garbage-collection": self._collect_repeatedly,
            "statistics": self._refresh_statistics_repeatedly,
        }
        threads = [threading.Thread(target=job, daemon=True, name=name) for name, job in jobs.items()]
        for thread in threads:
            thread.start()
        return threads

    def _recover_repeatedly(self) -> None:
        while not self._stopping:
            self._recover_now.clear()
            _attempt(self._recover)
            if self._recover_now.wait(settings.RECOVERY_SECONDS):
                self._queue_is_fresh = True
                time.sleep(1.0)  # until the new queue listens

    def _recover(self) -> None:
        """Recover the queue and see whether it is stuck; choose the next import."""
        recover(task_lost_after=0.0 if self._queue_is_fresh else TASK_LOST_SECONDS)
        self._queue_is_fresh = False
        if not self._imports_resumed:
            import_runs.resume()
            self._imports_resumed = True
        while not self._ended_imports.empty():
            import_runs.fail_unfinished(self._ended_imports.get())
        if self._importer.process is None and self._ended_imports.empty():
            self._wanted_import = import_runs.next_waiting()
        if self._maintenance.process is None:
            self._due_command = schedule.next_command()
        if self._detector.is_stuck(time.monotonic()):
            self._detector = StuckQueueDetector()
            self._queue_stuck.set()

    def _collect_repeatedly(self) -> None:
        time.sleep(FIRST_COLLECTION_SECONDS)
        for number in itertools.count():
            if self._stopping:
                return
            if number % FILES_EVERY:
                _attempt(collect_rows)
            else:
                _attempt(collect, COLLECTION_GRACE)
            time.sleep(COLLECTION_SECONDS)

    def _refresh_statistics_repeatedly(self) -> None:
        while not self._stopping:
            _attempt(statistics.refresh)
            time.sleep(settings.RECOVERY_SECONDS)


def _attempt(job: Callable[..., object], *arguments: object) -> None:
    """Run ``job``; log what fails, and leave no connection to the database open in this thread."""
    name = threading.current_thread().name
    try:
        job(*arguments)
    except (DatabaseError, InterfaceError) as error:
        log.warning("%s skipped, the database is unavailable: %s", name, error)
    except Exception:
        log.exception("%s failed", name)
    finally:
        connection.close()


def _empty(reader: int) -> None:
    try:
        while os.read(reader, 512):
            pass
    except BlockingIOError:
        return


def website(descriptor: int) -> list[Program]:
    """Return the processes that share the listening socket ``descriptor``."""
    command = [sys.executable, "-m", "operations.server", "--place"]
    return [
        Program("website", [*command, str(place), "--fd", str(descriptor)], pass_fds=(descriptor,))
        for place in range(settings.WEB_PROCESSES)
    ]


def manage(*arguments: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def importer(run: UUID) -> Program:
    return Program("import", manage("carry_out_import", str(run)))


def queue() -> Program:
    return Program("queue", manage("cluster"))
