"""Imports of folders that an administrator asked for (``ImportRun``), and every transition of such a run.

::

    waiting ──> running ──> done
       │           ├──stop──────────────> stopped
       │           └──process ended─────> failed
       ├──stop──> stopped
       └──resume── running, when the server starts: interrupted runs wait again
       └──start_again── done, stopped, failed

``manage.py run`` starts one process after the other. Each continues where an earlier run stopped, since the result of
each file is stored. ``manage.py import_library`` does the same at once, without a row.
"""

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalog.errors import CatalogError
from catalog.models import Notice, Track, Visibility
from catalog.social.notices import notify
from catalog.uploads.folder_import import Import, decode_name, key_of
from catalog.uploads.scanning import Outcome, Skipped, songs_in
from separation.models import ImportRun
from separation.queue.requests import ask

State = ImportRun.State

KEPT_REFUSALS = 200
IMPORTED = gettext_lazy("“{folder}”: {new} new, {known} known, {refused} refused.")
IMPORT_FAILED = gettext_lazy(
    "“{folder}” was not imported to its end: {new} new, {known} known, {refused} refused."
)
_REPORT_SECONDS = 1.0


class SeparationRequester:
    """Asks for a separation of each song, without notices, as long as the queue takes more from this account."""

    def __init__(self, model: str) -> None:
        self._model = model
        self.refusal = ""
        """Why no more songs are taken, empty as long as they are."""
        self.left = 0

    def __call__(self, track: Track, owner: User) -> None:
        if not self.refusal:
            try:
                ask(track, self._model, owner, silent=True)
            except CatalogError as error:
                if error.code not in {"too_many_queued", "too_many_demanding"}:
                    raise
                self.refusal = str(error.detail)
        self.left += bool(self.refusal)


def check_folder(text: str) -> Path:
    """Return the folder of that name on this machine. Raises ``CatalogError``: ``no_folder``, ``own_folder``."""
    folder = Path(text)
    if not folder.is_absolute() or not folder.is_dir():
        raise CatalogError("no_folder", _("There is no such folder on this server."))
    data = Path(settings.DATA_DIR).resolve()
    real = folder.resolve()
    if real == data or real in data.parents or data in real.parents:
        raise CatalogError("own_folder", _("Stemoteca keeps its own files there."))
    return folder


def next_waiting() -> UUID | None:
    """Return the run that comes next."""
    return ImportRun.objects.filter(state=State.WAITING).values_list("pk", flat=True).first()


def resume() -> int:
    """Queue interrupted runs again when the server starts; returns how many there were."""
    return ImportRun.objects.filter(state=State.RUNNING).update(state=State.WAITING)


def fail_unfinished(run: UUID) -> None:
    """Fail ``run``, whose process has ended, unless it stored a result itself."""
    left = ImportRun.objects.filter(pk=run, state__in=[State.WAITING, State.RUNNING])
    with transaction.atomic():
        if left.update(state=State.FAILED, finished_at=timezone.now()):
            row = ImportRun.objects.select_related("owner").get(pk=run)
            counts = {"new": row.new, "known": row.known, "refused": row.refused}
            notify_owner(row.owner, Path(row.folder), counts, failed=True)


def stop(run: ImportRun) -> bool:
    """Stop it after the files in progress; False for a finished one."""
    waiting = ImportRun.objects.filter(pk=run.pk, state=State.WAITING)
    if waiting.update(state=State.STOPPED, finished_at=timezone.now()):
        return True
    return bool(ImportRun.objects.filter(pk=run.pk, state=State.RUNNING).update(is_unwanted=True))


def start_again(run: ImportRun) -> bool:
    """Queue it again; False while it is waiting or running."""
    finished = ImportRun.objects.filter(pk=run.pk).exclude(state__in=[State.WAITING, State.RUNNING])
    return bool(finished.update(state=State.WAITING, is_unwanted=False, detail="", finished_at=None))


def notify_owner(owner: User, folder: Path, counts: Mapping[str, int], *, failed: bool = False) -> None:
    """Give the owner of the songs one notice for a whole import, unless it found nothing to do."""
    figures = {name: counts[name] for name in ("new", "known", "refused")}
    if failed or any(figures.values()):
        sentence = IMPORT_FAILED if failed else IMPORTED
        notify(
            owner, Notice.Kind.IMPORT, text=format_lazy(sentence, folder=decode_name(folder.name), **figures)
        )


def carry_out(run: ImportRun, jobs: int) -> None:
    """Import the folder and store the progress in the row. After a ``KeyboardInterrupt`` the run can be resumed."""
    if not ImportRun.objects.filter(pk=run.pk, state=State.WAITING).update(
        state=State.RUNNING, started_at=timezone.now()
    ):
        return
    requester = SeparationRequester(run.model) if run.model else None
    work = Import(owner=run.owner, visibility=cast("Visibility", run.visibility), on_song=requester)
    report = _Report(run)
    state = State.DONE
    try:
        folder = check_folder(run.folder)
    except CatalogError as error:
        report.end(State.FAILED, str(error.detail))
        return
    with closing(work.run(songs_in(folder), jobs)) as outcomes:  # type: ignore[type-var]  # it is a generator
        for outcome in outcomes:
            if report.add(outcome):
                state, work.stopped = State.STOPPED, True
            if outcome.code == "no_space":
                report.end(State.FAILED, outcome.detail)
                return
    remarks = [str(report.skipped)]
    if requester and requester.left:
        sentence = _("%(n)d songs were not queued for separation.") % {"n": requester.left}
        remarks = [sentence, requester.refusal, *remarks]
    report.end(state, " ".join(filter(None, remarks))[:500])


class _Report:
    """Updates the row, once a second."""

    def __init__(self, run: ImportRun) -> None:
        self._run = run
        self._rows = ImportRun.objects.filter(pk=run.pk)
        self._counts: Counter[str] = Counter()
        self._refusals: list[list[str]] = []
        self._reported = time.monotonic()
        self.skipped = Skipped()

    def add(self, outcome: Outcome) -> bool:
        """Count ``outcome``; True when the run was asked to stop."""
        self._counts["refused" if outcome.is_refused else outcome.code] += 1
        self.skipped.add(outcome)
        if outcome.is_refused and len(self._refusals) < KEPT_REFUSALS:
            self._refusals.append([key_of(outcome.path), outcome.code, outcome.detail])
        if time.monotonic() - self._reported < _REPORT_SECONDS:
            return False
        self._reported = time.monotonic()
        self._rows.update(**self._figures())
        return self._rows.filter(is_unwanted=True).exists()

    def end(self, state: "State", detail: str) -> None:
        with transaction.atomic():
            self._rows.update(**self._figures(), state=state, detail=detail, finished_at=timezone.now())
            notify_owner(self._run.owner, Path(self._run.folder), self._counts, failed=state == State.FAILED)

    def _figures(self) -> dict[str, object]:
        counts = {name: self._counts[name] for name in ("new", "known", "unchanged", "refused")}
        return {**counts, "refusals": self._refusals}
