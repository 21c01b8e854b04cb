"""The dashboard of the admin site: figures, permissions, number of queries."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from catalog.models import AudioFile
from operations import dashboard, figures
from operations.models import BackupRun, Scrub
from separation.engines.spleeter.native import build
from separation.models import Separation, Status
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db


def some_life(user: User, number: int) -> None:
    """A song in every state."""
    for status in (Status.SUCCEEDED, Status.FAILED, Status.QUEUED, Status.RUNNING):
        track = make_track(user, title=f"{status} {number}", artist=f"Artist {number}", seconds=30.0)
        separation = make_separation(track, status=status, asked_by=user)
        Separation.objects.filter(pk=separation.pk).update(
            started_at=timezone.now() - timedelta(seconds=10), owner=f"node/{number}/1/x", progress=0.4
        )
    User.objects.filter(pk=user.pk).update(stored_bytes=3_000_000)


def test_dashboard_shows_queue_failures_and_figures(admin_client: Client, user: User) -> None:
    some_life(user, 1)
    figures.store(figures.measure())
    page = admin_client.get("/admin/").content.decode()
    for part in (
        "running 1",
        "failed 1",
        "broke off three times",
        "ana@example.org",
        "2.9\xa0MB",
        "succeeded 1",
    ):
        assert part in page
    status = dashboard.status(User.objects.get(email="admin@example.com"))
    assert (status["queue"]["waiting_count"], status["queue"]["running_count"], status["queue"]["busy"]) == (
        1,
        1,
        1,
    )
    [model] = status["figures"].models
    assert (model.slug, model.succeeded, model.failed) == ("compact:2stems", 1, 1)
    assert model.speed == pytest.approx(3.0, abs=0.2)
    assert (status["figures"].tracks, status["figures"].original_bytes, status["figures"].stem_bytes) == (
        4,
        4000,
        2000,
    )


def test_dashboard_shows_backups_and_checks_of_stored_files(admin_client: Client, settings: Any) -> None:
    def page() -> str:
        return " ".join(admin_client.get("/admin/").content.decode().split())

    assert "There is no backup yet." in page()
    assert "Scheduled backups are off" in page()
    settings.BACKUP_TARGET = "/backups"
    now = timezone.now()
    BackupRun.objects.create(
        target="/backups", state="done", lease_until=now, finished_at=now, size=5_000_000, copied_size=2048
    )
    Scrub.objects.create(is_scheduled=True, files=1200, damaged=2, finished_at=now - timedelta(days=2))
    audio = make_track().audio
    AudioFile.objects.update(damaged_at=now)
    shown = page()
    for text in (
        "4.8\xa0MB, 2.0\xa0KB of them new",
        "1200 stored files were compared",
        "2 were damaged",
        str(audio),
    ):
        assert text.replace("\xa0", " ") in shown.replace("\xa0", " "), text
    assert "Scheduled backups are off" not in shown
    BackupRun.objects.create(
        target="/backups", state="failed", lease_until=now, finished_at=now, error_detail="The disk is full."
    )
    shown = page()
    assert "ago failed." in shown
    assert "The disk is full." in shown
    assert "of them new" in shown, "the last good one"


def test_dashboard_in_spanish(admin_client: Client) -> None:
    figures.store(figures.measure())
    assert admin_client.get("/admin/", headers={"Accept-Language": "es"}).status_code == 200


def test_dashboard_query_count_is_constant(admin_client: Client, user: User) -> None:
    def queries() -> int:
        cache.clear()
        figures.store(figures.measure())
        with CaptureQueriesContext(connection) as asked:
            assert admin_client.get("/admin/").status_code == 200
        return len(asked)

    some_life(user, 1)
    queries()
    few = queries()
    for number in (2, 3):
        some_life(user, number)
    assert queries() == few


def test_dashboard_shows_only_permitted_parts(user: User) -> None:
    some_life(user, 1)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    assert dashboard.status(User.objects.get(pk=user.pk)) == {}
    client = Client()
    client.force_login(user)
    page = client.get("/admin/").content.decode()
    assert "running 1" not in page


@pytest.mark.django_db(transaction=True)
def test_figures_are_measured_in_background() -> None:
    make_track()
    assert figures.latest() is None
    for thread in threading.enumerate():
        if thread.name == "figures":
            thread.join(20)
    measured = figures.latest()
    assert measured is not None
    assert measured.tracks == 1


def test_tells_which_engine_separates(
    admin_client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SEPARATOR_ENGINE = "native"
    page = " ".join(admin_client.get("/admin/").content.decode().split())
    assert "Engine: native </li>" in page
    settings.SEPARATOR_ENGINE = "openvino"
    monkeypatch.setattr(build, "is_built", lambda: False)
    page = " ".join(admin_client.get("/admin/").content.decode().split())
    assert "Engine: openvino (the native engine is not built, so separations take longer)" in page
    assert "PyTorch" not in page
    settings.SEPARATOR_ENGINE = "torch"
    assert "(Demucs runs in PyTorch)" in " ".join(admin_client.get("/admin/").content.decode().split())
