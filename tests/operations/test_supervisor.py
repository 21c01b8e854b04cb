"""What keeps the programs running, apart from the programs themselves (for those see e2e/faults/test_processes.py)."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.administrator import get_or_create_administrator
from accounts.models import User
from catalog.storage.data_folder_lock import DataFolderLock, is_locked
from operations import bootstrap, process_lifecycle
from operations import supervisor as supervising
from operations.supervisor import STUCK_SECONDS, Program, StuckQueueDetector, Supervisor, website
from separation.lifecycle import claim
from separation.models import Separation, Statistics, Status
from tests.e2e.server import wait_until
from tests.factories import make_queued, make_separation, make_track

ROOT = Path(__file__).resolve().parents[2]


def test_empty_queue_is_not_stuck(user: User) -> None:
    make_separation(make_track(user))
    detector = StuckQueueDetector()
    assert not detector.is_stuck(0.0)
    assert not detector.is_stuck(STUCK_SECONDS * 2)


def test_queue_that_claims_nothing_is_stuck(user: User) -> None:
    make_queued(user)
    detector = StuckQueueDetector()
    assert [detector.is_stuck(now) for now in (0.0, STUCK_SECONDS, STUCK_SECONDS + 1)] == [False, False, True]


def test_busy_queue_is_not_stuck(user: User) -> None:
    first = make_queued(user)
    make_queued(user)
    detector = StuckQueueDetector()
    assert not detector.is_stuck(0.0)
    assert claim(first.pk) is not None
    assert not detector.is_stuck(STUCK_SECONDS + 1), "its one worker works"
    Separation.objects.filter(pk=first.pk).update(status=Status.SUCCEEDED, owner="")
    assert not detector.is_stuck(STUCK_SECONDS * 2), "it has claimed one since"
    Separation.objects.filter(pk=first.pk).update(started_at=timezone.now() + timedelta(seconds=1))
    assert not detector.is_stuck(STUCK_SECONDS * 4), "and another"


def test_dropped_songs_are_collected_more_often_than_files_are_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    supervisor = Supervisor([], Program("queue", []))
    done: list[str] = []

    def note(what: str) -> None:
        done.append(what)
        if len(done) == 6:
            supervisor._on_signal(signal.SIGTERM, None)

    monkeypatch.setattr(supervising, "collect", lambda _grace: note("files"))
    monkeypatch.setattr(supervising, "collect_rows", lambda: note("rows"))
    monkeypatch.setattr(supervising, "FIRST_COLLECTION_SECONDS", 0.0)
    monkeypatch.setattr(supervising, "COLLECTION_SECONDS", 0.0)
    supervisor._collect_repeatedly()
    assert done == ["files", "rows", "rows", "rows", "files", "rows"]


@pytest.mark.django_db(transaction=True)
def test_long_garbage_collection_delays_neither_recovery_nor_statistics(
    user: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, ended = threading.Event(), threading.Event()

    def collect(_grace: timedelta) -> None:
        started.set()
        ended.wait(600)

    monkeypatch.setattr(supervising, "collect", collect)
    monkeypatch.setattr(supervising, "FIRST_COLLECTION_SECONDS", 0.0)
    monkeypatch.setattr(supervising, "COLLECTION_SECONDS", 0.0)
    settings.RECOVERY_SECONDS = 0.05
    supervisor = Supervisor([], Program("queue", []))
    threads = supervisor.start_threads()
    try:
        assert started.wait(60)
        lost = make_queued(user)
        assert claim(lost.pk) is not None
        Separation.objects.filter(pk=lost.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        Statistics.objects.all().delete()
        wait_until(Separation.objects.filter(pk=lost.pk, status=Status.QUEUED).exists)
        wait_until(Statistics.objects.exists)
        assert not ended.is_set()
    finally:
        supervisor._on_signal(signal.SIGTERM, None)
        ended.set()
        for thread in threads:
            thread.join(60)


def test_program_that_keeps_ending_is_restarted_ever_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("operations.supervisor.time.monotonic", lambda: now)
    program = Program("queue", [])
    delays = []
    for _ in range(6):
        program.started = now
        program.ended(0)
        delays.append(program.due - now)
        now = program.due
    assert delays == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    program.started = now - 3600
    program.ended(0)
    assert program.due == now, "after an hour it counts as stable"


def test_website_has_the_configured_number_of_processes(settings: Any) -> None:
    settings.WEB_PROCESSES = 3
    programs = website(7)
    assert len({id(program) for program in programs}) == 3
    assert all(program.pass_fds == (7,) and program.command[-2:] == ["--fd", "7"] for program in programs)


def test_static_files_are_collected_once(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    assert bootstrap.collect_static()
    assert (tmp_path / "admin").is_dir()
    assert not bootstrap.collect_static()


def test_administrator_is_created_once(db: None, settings: Any) -> None:
    settings.ADMIN_EMAIL = "Root@Example.org"
    admin, password = get_or_create_administrator()
    assert (admin.email, admin.is_superuser, admin.is_staff) == ("root@example.org", True, True)
    assert admin.check_password(password)
    assert get_or_create_administrator() == (admin, "")


def test_administrator_keeps_password_of_existing_account(user: User, settings: Any) -> None:
    settings.ADMIN_EMAIL = user.email
    admin, password = get_or_create_administrator()
    assert (admin.pk, admin.is_superuser, password) == (user.pk, True, "")
    assert User.objects.get().check_password("a long enough one")


def test_administrator_needs_an_address(db: None, settings: Any) -> None:
    settings.ADMIN_EMAIL = "nope"
    with pytest.raises(CommandError, match="STEMOTECA_ADMIN_EMAIL must be an e-mail address"):
        get_or_create_administrator()
    assert not User.objects.exists()


def test_data_folder_lock_is_exclusive(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    lock = DataFolderLock(tmp_path)
    assert lock.acquire()
    assert is_locked(tmp_path)
    other = DataFolderLock(tmp_path)
    assert not other.acquire()
    assert other.holder() == str(os.getpid())
    lock.release()
    assert not is_locked(tmp_path)


def test_exit_with_parent_ends_child_of_ended_parent(tmp_path: Path) -> None:
    script = (
        "from operations.process_lifecycle import exit_with_parent; "
        f"exit_with_parent({os.getpid() + 1}); print('still here')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, b"")
    assert os.getpid() not in process_lifecycle.child_pids()


def test_django_loads_no_engine(tmp_path: Path) -> None:
    script = (
        "import django, sys; django.setup(); "
        "import operations.supervisor, operations.queue_cluster, config.urls, config.wsgi; "
        "print(sorted({'tensorflow', 'spleeter', 'openvino'} & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "STEMOTECA_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert loaded.stdout.strip() == "[]"
