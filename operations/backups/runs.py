"""Every transition of a ``BackupRun``: one backup at a time, whose lease is renewed while it runs.

::

    (new) ──running──┬──finish──> done
                     ├──fail────> failed
                     └──begin, by another whose predecessor died or stopped renewing──> failed

While a run holds its lease, ``holds_files`` has the garbage collector keep every file: those that the backup has still
to copy may have lost their rows meanwhile.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from catalog.errors import CatalogError
from operations.models import BackupRun
from separation.lifecycle import from_now
from separation.queue.workers import is_dead, new_owner

log = logging.getLogger(__name__)

LEASE_SECONDS = 300
RENEWAL_SECONDS = 30
KEPT_RUNS = 200
State = BackupRun.State


@dataclass(frozen=True)
class Totals:
    """What a backup holds, and how much of it was new."""

    snapshot: str
    files: int
    size: int
    copied_files: int
    copied_size: int
    missing: int


@contextmanager
def running(target: str) -> Iterator["RunLease"]:
    """Hold the right to back up during the block. Raises ``CatalogError("backup_running")``."""
    run = _begin(target)
    lease = RunLease(run)
    lease.start()
    try:
        yield lease
    except BaseException as error:
        lease.stop()
        code = error.code if isinstance(error, CatalogError) else _code(error)
        detail = error.detail if isinstance(error, CatalogError) else error
        failed = {"state": State.FAILED, "error_code": code, "error_detail": str(detail)[:500]}
        with suppress(DatabaseError, InterfaceError):  # the lease ends by itself
            _held(run).update(finished_at=Now(), **failed)
        raise
    finally:
        lease.stop()


def holds_files() -> bool:
    """Whether a backup is running, so that no file may be removed."""
    rows = BackupRun.objects.filter(state=State.RUNNING, lease_until__gt=Now())
    return any(not is_dead(owner) for owner in rows.values_list("owner", flat=True))


def _begin(target: str) -> BackupRun:
    for run in BackupRun.objects.filter(state=State.RUNNING):
        if is_dead(run.owner) or BackupRun.objects.filter(pk=run.pk, lease_until__lt=Now()).exists():
            _held(run).update(state=State.FAILED, finished_at=Now(), error_code="interrupted")
    try:
        with transaction.atomic():
            run = BackupRun.objects.create(
                target=target[:1024], owner=new_owner(), lease_until=from_now(seconds=LEASE_SECONDS)
            )
    except IntegrityError:
        raise CatalogError("backup_running", _("Another backup is running."), status=409) from None
    old = BackupRun.objects.exclude(state=State.RUNNING).values_list("pk", flat=True)[KEPT_RUNS:]
    BackupRun.objects.filter(pk__in=list(old)).delete()
    return run


def _held(run: BackupRun) -> QuerySet[BackupRun]:
    return BackupRun.objects.filter(pk=run.pk, state=State.RUNNING, owner=run.owner)


def _code(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt | SystemExit) else "failed"


class RunLease:
    """The lease of a run, renewed in a thread, for as long as the run is still the one that holds it."""

    def __init__(self, run: BackupRun) -> None:
        self._run = run
        self._ended = threading.Event()
        self._lost = False
        self._thread = threading.Thread(target=self._renew, name="backup-lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def check(self) -> None:
        """Raise ``CatalogError("backup_lost")`` when the lease was lost: files may have been removed since."""
        if self._lost:
            raise CatalogError("backup_lost", _("The backup was held up for too long. Start it again."))

    def confirm(self) -> None:
        """Renew the lease now. Raises ``CatalogError("backup_lost")``."""
        if not _held(self._run).update(lease_until=from_now(seconds=LEASE_SECONDS)):
            self._lost = True
        self.check()

    def finish(self, totals: Totals) -> None:
        """End the run as done. Raises ``CatalogError("backup_lost")``."""
        if not _held(self._run).update(state=State.DONE, finished_at=Now(), **vars(totals)):
            self._lost = True
        self.check()

    def _renew(self) -> None:
        while not self._ended.wait(RENEWAL_SECONDS):
            try:
                if not _held(self._run).update(lease_until=from_now(seconds=LEASE_SECONDS)):
                    self._lost = True
                    return
            except (DatabaseError, InterfaceError) as error:
                log.warning("the lease of the backup was not renewed: %s", error)
            finally:
                connection.close()
