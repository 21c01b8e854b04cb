"""What ``/metrics`` says, in Prometheus' text format."""

import json
import re
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import User
from catalog.models import AudioFile
from operations import figures
from operations.models import BackupRun, Scrub
from operations.monitoring import process_counters, work_totals
from operations.monitoring.exposition import Metric
from operations.monitoring.process_counters import ProcessCounters
from separation.models import Separation, Status
from separation.queue.requests import ask
from tests.factories import make_separation, make_track

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"


def numbers_of(answer: Any) -> dict[str, str]:
    """Parse the text format of Prometheus."""
    return dict(line.rsplit(" ", 1) for line in answer.content.decode().splitlines() if line[0] != "#")


def join_measuring() -> None:
    """Wait until no figures are being measured."""
    for thread in threading.enumerate():
        if thread.name == "figures":
            thread.join(20)


def samples_of(answer: Any) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Parse the answer with Prometheus' own parser."""
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(answer: Any, name: str, **labels: str) -> float:
    return samples_of(answer)[f"stemoteca_{name}", frozenset(labels.items())]


@pytest.fixture(autouse=True)
def counters(monkeypatch: pytest.MonkeyPatch) -> ProcessCounters:
    """Counters that have counted nothing yet."""
    fresh = ProcessCounters()
    for module in ("operations.monitoring.metrics", "operations.monitoring.access_log"):
        monkeypatch.setattr(f"{module}.counters", fresh)
    monkeypatch.setattr("separation.queue.requests.requested.receivers", [fresh.count_request])
    return fresh


def test_metrics_in_prometheus_format(client: Client, user: User, settings: Any, tmp_path: Path) -> None:
    make_separation(make_track(user), status=Status.QUEUED)
    make_separation(make_track(user), status=Status.FAILED)
    answer = client.get("/metrics")
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    numbers = numbers_of(answer)
    assert numbers['stemoteca_separations{status="queued"}'] == "1"
    assert numbers['stemoteca_separations{status="running"}'] == "0"
    assert numbers['stemoteca_separations{status="failed"}'] == "1"
    assert numbers["stemoteca_uploads"] == "2"
    assert int(numbers["stemoteca_disk_free_bytes"]) > 0
    assert user.email not in answer.content.decode()


def test_metrics_scan_no_tables_once_figures_are_cached(client: Client, user: User) -> None:
    make_separation(make_track(user), status=Status.QUEUED)
    client.get("/metrics")
    make_separation(make_track(user), status=Status.QUEUED)
    with CaptureQueriesContext(connection) as queries:
        numbers = numbers_of(client.get("/metrics"))
    assert numbers['stemoteca_separations{status="queued"}'] == "2", "the queue is counted each time"
    assert numbers["stemoteca_uploads"] == "1"
    assert 0 <= float(numbers["stemoteca_figures_age_seconds"]) < 60
    assert len(queries) == 6, (
        "the queue, what succeeded and what failed since; backups, checks, damaged files"
    )
    assert sum('"separation_separation"."status"' in query["sql"] for query in queries) == 3
    damaged = 'NOT ("catalog_audiofile"."damaged_at" IS NULL)'  # as the condition of the index
    assert sum(damaged in query["sql"] for query in queries) == 1


@pytest.mark.django_db(transaction=True)
def test_metrics_of_large_catalogue_leave_totals_out_until_measured(
    client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "SMALL", 1)
    make_separation(make_track(user), status=Status.QUEUED)
    numbers = numbers_of(client.get("/metrics"))
    assert numbers['stemoteca_separations{status="queued"}'] == "1"
    assert "stemoteca_uploads" not in numbers
    join_measuring()
    assert numbers_of(client.get("/metrics"))["stemoteca_uploads"] == "1"


def test_metrics_of_one_answer_come_from_one_measurement(
    client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However quickly stale figures are measured again."""
    at_once = SimpleNamespace(start=lambda: figures.store(figures.measure()))
    monkeypatch.setattr(figures, "threading", SimpleNamespace(Thread=lambda **_options: at_once))
    figures.store(replace(figures.measure(), measured_at=timezone.now() - timedelta(hours=1)))
    make_track(user)
    assert numbers_of(client.get("/metrics"))["stemoteca_uploads"] == "0"


@pytest.mark.django_db(transaction=True)
def test_metrics_measure_stale_figures_again_in_background(client: Client, user: User) -> None:
    figures.store(replace(figures.measure(), measured_at=timezone.now() - timedelta(hours=1)))
    make_track(user)
    numbers = numbers_of(client.get("/metrics"))
    assert numbers["stemoteca_uploads"] == "0"
    assert float(numbers["stemoteca_figures_age_seconds"]) >= 3600
    join_measuring()
    assert numbers_of(client.get("/metrics"))["stemoteca_uploads"] == "1"


def test_queue_by_model_has_depth_and_age(client: Client, user: User) -> None:
    for model, minutes in (("compact:2stems", 2), ("compact:2stems", 10), ("compact:4stems", 1)):
        row = make_separation(make_track(user), model=model, status=Status.QUEUED)
        Separation.objects.filter(pk=row.pk).update(queued_at=timezone.now() - timedelta(minutes=minutes))
    make_separation(make_track(user), model="compact:4stems", status=Status.RUNNING)
    answer = client.get("/metrics")
    assert value(answer, "queue_waiting", model="compact:2stems") == 2
    assert value(answer, "queue_waiting", model="compact:4stems") == 1
    assert value(answer, "queue_running", model="compact:4stems") == 1
    assert value(answer, "queue_waiting", model="spleeter:2stems") == 0
    assert 600 <= value(answer, "queue_oldest_seconds", model="compact:2stems") < 700
    assert 60 <= value(answer, "queue_oldest_seconds", model="compact:4stems") < 160


def finish(user: User, seconds_ago: float, **fields: Any) -> Separation:
    """Make a separation that took three seconds and ended so long ago."""
    row = make_separation(make_track(user), model="compact:2stems")
    finished = timezone.now() - timedelta(seconds=seconds_ago)
    started = finished - timedelta(seconds=3)
    Separation.objects.filter(pk=row.pk).update(started_at=started, finished_at=finished, **fields)
    row.refresh_from_db()
    return row


def pass_time(seconds: float) -> None:
    """Have the totals of work end so much earlier."""
    known = work_totals.latest()
    cache.set(work_totals.CACHE_KEY, replace(known, until=known.until - timedelta(seconds=seconds)))


def test_work_is_counted_once_and_never_taken_back(client: Client, user: User) -> None:
    finish(user, 3600, status=Status.SUCCEEDED)
    client.get("/metrics")
    pass_time(60)
    done = finish(user, 30, status=Status.SUCCEEDED)
    finish(user, 30, status=Status.FAILED, error_code="damaged")
    finish(user, 30, status=Status.FAILED, error_code="of an older version")
    finish(user, 1, status=Status.SUCCEEDED)
    for _ in range(2):
        answer = client.get("/metrics")
        assert value(answer, "separated_total", model="compact:2stems") == 1, "neither too old nor too new"
        music = value(answer, "separated_audio_seconds_total", model="compact:2stems")
        assert music == pytest.approx(done.mixture.duration)
        assert value(answer, "separation_seconds_total", model="compact:2stems") == pytest.approx(3)
        assert value(answer, "separation_failures_total", reason="damaged") == 1
        assert value(answer, "separation_failures_total", reason="other") == 1
        assert value(answer, "separation_failures_total", reason="no_space") == 0
        Separation.objects.filter(pk=done.pk).update(status=Status.QUEUED, finished_at=None)


def test_requests_that_needed_no_processing_are_counted(client: Client, user: User, other: User) -> None:
    track = make_track(user)
    ask(track, "compact:2stems", user)
    ask(track, "compact:2stems", other)
    Separation.objects.update(status=Status.SUCCEEDED)
    ask(track, "compact:2stems", other)
    ask(track, "compact:2stems", user)
    answer = client.get("/metrics")
    asked = {
        result: value(answer, "separation_requests_total", result=result)
        for result in ("queued", "in_progress", "ready")
    }
    assert asked == {"queued": 1, "in_progress": 1, "ready": 2}


def test_latency_is_a_histogram_by_route_and_class_of_status(client: Client, user: User) -> None:
    track = make_track(user)
    for path in (
        f"/tracks/{track.pk}/",
        f"/tracks/{make_track(user).pk}/",
        "/songs/",
        "/nowhere/1",
        "/nowhere/2",
    ):
        client.get(path)
    answer = client.get("/metrics")
    songs = {"route": "track", "status": "2xx"}
    assert value(answer, "http_request_seconds_count", **songs) == 2
    assert value(answer, "http_request_seconds_bucket", **songs, le="+Inf") == 2
    assert value(answer, "http_request_seconds_sum", **songs) > 0
    by_limit = [
        value(answer, "http_request_seconds_bucket", **songs, le=str(limit))
        for limit in process_counters.BUCKETS
    ]
    assert by_limit == sorted(by_limit), "buckets are cumulative"
    assert value(answer, "http_request_seconds_count", route="unknown", status="4xx") == 2
    assert str(track.pk) not in answer.content.decode()


def test_answers_fall_into_the_bucket_of_their_time(counters: ProcessCounters) -> None:
    for seconds in (0.01, 0.011, 3.0, 99.0):
        counters.count_answer("home", 200, seconds)
    assert counters.snapshot().latencies["home", "2xx"].buckets == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]


def test_any_process_answers_for_all(
    client: Client, db: None, settings: Any, counters: ProcessCounters
) -> None:
    settings.WEB_PROCESSES = 2
    first = ProcessCounters()
    first.take_place(1)
    first.count_answer("home", 200, 0.2)
    first.publish()
    counters.count_answer("home", 200, 0.2)
    home = {"route": "home", "status": "2xx"}
    assert value(client.get("/metrics"), "http_request_seconds_count", **home) == 2
    again = ProcessCounters()
    again.take_place(1)
    again.count_answer("home", 200, 0.2)
    again.publish()
    assert value(client.get("/metrics"), "http_request_seconds_count", **home) == 3, "no count is lost"


def test_no_process_answers_with_less_than_another_did(db: None, settings: Any) -> None:
    settings.WEB_PROCESSES = 2
    first, second = ProcessCounters(), ProcessCounters()
    second.take_place(1)
    first.count_answer("home", 200, 0.2)
    second.count_answer("home", 200, 0.2)
    sums = [sum(each.of_all_processes().latencies["home", "2xx"].buckets) for each in (first, second, first)]
    assert sums == [1, 2, 2]


def test_last_backup_and_last_check_have_their_time(client: Client, user: User, settings: Any) -> None:
    def interval(name: str) -> float:
        return value(client.get("/metrics"), f"{name}_interval_seconds")

    def days_since(name: str) -> float:
        return (now.timestamp() - value(client.get("/metrics"), f"{name}_timestamp_seconds")) / day

    now, day = timezone.now(), 86_400
    settings.BACKUP_TARGET, settings.BACKUP_HOURS, settings.SCRUB_DAYS = "", 24, 30
    assert (interval("backup"), interval("scrub")) == (0, 30 * day)
    assert days_since("backup") == days_since("scrub") == now.timestamp() / day, "never"
    for days, target, state in ((3, "/a", "done"), (2, "/b", "done"), (1, "/a", "failed")):
        run = BackupRun.objects.create(target=target, state=state, owner="x", lease_until=now)
        BackupRun.objects.filter(pk=run.pk).update(created_at=now - timedelta(days=days))
    assert days_since("backup") == pytest.approx(2)
    settings.BACKUP_TARGET = "/a"
    assert days_since("backup") == pytest.approx(3), "of the target"
    assert interval("backup") == day
    for days, finished in ((40, now - timedelta(days=9)), (5, None)):
        scrub = Scrub.objects.create(finished_at=finished)
        Scrub.objects.filter(pk=scrub.pk).update(created_at=now - timedelta(days=days))
    assert days_since("scrub") == pytest.approx(9)
    Scrub.objects.update(finished_at=None)
    assert days_since("scrub") == pytest.approx(40), "the first goes on"
    make_track(user)
    AudioFile.objects.filter(pk=make_track(user).audio_id).update(damaged_at=now)
    assert value(client.get("/metrics"), "damaged_files") == 1


def test_labels_are_escaped() -> None:
    text = Metric("odd", "Odd names.").gauge(1, {"name": 'a"b\\c\nd'}).text()
    [family] = text_string_to_metric_families(text)
    assert family.samples[0].labels == {"name": 'a"b\\c\nd'}


def test_dashboard_and_alerts_use_metrics_that_exist(client: Client, user: User) -> None:
    client.get("/")
    answer = client.get("/metrics")
    there = {name for name, _labels in samples_of(answer)}
    dashboard = (DEPLOY / "grafana" / "stemoteca.json").read_text()
    queries = [target["expr"] for panel in json.loads(dashboard)["panels"] for target in panel["targets"]]
    rules = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    for text in (*queries, rules):
        used = set(re.findall(r"\bstemoteca_\w+", text))
        assert used, text
        assert used <= there


@pytest.mark.parametrize(
    ("proxies", "address", "forwarded", "status"),
    [
        (0, "127.0.0.1", {}, 200),
        (0, "::1", {}, 200),
        (0, "::ffff:127.0.0.1", {}, 200),
        (0, "192.0.2.1", {}, 404),
        (0, "", {}, 404),
        (0, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        (0, "127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 404),
        (1, "127.0.0.1", {}, 200),
        (1, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 200),
        (1, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 192.0.2.1"}, 404),
    ],
)
def test_metrics_without_token_require_loopback_address(
    client: Client,
    db: None,
    settings: Any,
    proxies: int,
    address: str,
    forwarded: dict[str, str],
    status: int,
) -> None:
    settings.PROXIES = proxies
    answer = client.get("/metrics", REMOTE_ADDR=address, headers=forwarded)
    assert answer.status_code == status
    assert (b"stemoteca_audio_bytes" in answer.content) == (status == 200)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("Bearer let the watcher in", 200), ("Bearer let the watcher", 404), ("Bearer ", 404),
        ("Bearer ñandú", 404), ("let the watcher in", 404), (None, 404),
    ],
)  # fmt: skip
@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.1"])
def test_metrics_with_token_require_token(
    client: Client, db: None, settings: Any, address: str, sent: str | None, status: int
) -> None:
    settings.METRICS_TOKEN = "let the watcher in"
    headers = {} if sent is None else {"Authorization": sent}
    assert client.get("/metrics", REMOTE_ADDR=address, headers=headers).status_code == status
