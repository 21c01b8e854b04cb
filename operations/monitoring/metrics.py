"""``/metrics``, for Prometheus."""

import ipaddress
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.security.client_address import UNKNOWN, client_address
from catalog.models import AudioFile
from operations import figures
from operations.maintenance import schedule
from operations.monitoring import work_totals
from operations.monitoring.exposition import Labels, Metric
from operations.monitoring.process_counters import BUCKETS, Latency, counters
from separation.engines import modelspec
from separation.error_messages import REASONS
from separation.models import Separation, Status


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format. Totals include private songs, so only who runs the server may see them.

    The queue is counted now, and what ended since the last time; what would scan whole tables comes from ``figures``,
    with its age.
    """
    if not _may_see_metrics(request):
        raise Http404
    known = figures.latest_or_first()
    families = (*_queue(known), *_totals(known), *_work(), *_website(), *_safety(), *_machine())
    text = "".join(metric.text() for metric in families)
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_see_metrics(request: HttpRequest) -> bool:
    """Return whether the request has ``METRICS_TOKEN`` or, where none is set, comes from this machine."""
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "")
        return constant_time_compare(sent, f"Bearer {settings.METRICS_TOKEN}")
    if not settings.PROXIES and not request.headers.keys().isdisjoint({"X-Forwarded-For", "Forwarded"}):
        return False  # a proxy on this machine that `STEMOTECA_PROXIES` does not mention
    address = client_address(request)
    return address != UNKNOWN and ipaddress.ip_address(address).is_loopback


def _queue(known: figures.Figures | None) -> Iterator[Metric]:
    """Count what waits and runs; with the totals of ``figures``, since both are separations by status."""
    waiting, running = dict.fromkeys(modelspec.SPECS, 0), dict.fromkeys(modelspec.SPECS, 0)
    oldest = dict.fromkeys(modelspec.SPECS, 0.0)
    rows = Separation.objects.filter(status__in=[Status.QUEUED, Status.RUNNING]).order_by()
    now = timezone.now()
    for model, status, number, queued_at in rows.values_list("model", "status").annotate(
        Count("pk"), Min("queued_at")
    ):
        if status == Status.RUNNING:
            running[model] = number
            continue
        waiting[model] = number
        oldest[model] = max(0.0, round((now - queued_at).total_seconds(), 3)) if queued_at else 0.0
    by_status = {**(known.separations if known else {}), Status.QUEUED.value: sum(waiting.values())}
    by_status[Status.RUNNING.value] = sum(running.values())
    yield Metric("separations", "Separations by status.").gauge_by("status", by_status)
    yield Metric("queue_waiting", "Queued separations by model.").gauge_by("model", waiting)
    yield Metric("queue_running", "Separations in work by model.").gauge_by("model", running)
    yield Metric("queue_oldest_seconds", "Waiting time of the oldest queued separation by model.").gauge_by(
        "model", oldest
    )


def _totals(known: figures.Figures | None) -> Iterator[Metric]:
    if known is None:  # a large catalogue that has just started
        return
    yield Metric("uploads", "Files that people uploaded.").gauge(known.uploads)
    yield Metric("tracks", "Songs in the catalogue.").gauge(known.tracks)
    yield Metric("accounts", "Accounts.").gauge(known.accounts)
    yield Metric("audio_files", "Stored recordings and stems.").gauge(known.audio_files)
    yield Metric("audio_bytes", "Bytes of these.").gauge(known.original_bytes + known.stem_bytes)
    yield Metric("rendition_bytes", "Bytes of encodings, which can be made again.").gauge(
        known.rendition_bytes
    )
    age = round(known.age.total_seconds(), 3)
    yield Metric("figures_age_seconds", "Age of the totals that are not counted each time.").gauge(age)


def _work() -> Iterator[Metric]:
    done = work_totals.latest()
    none = dict.fromkeys(modelspec.SPECS, 0.0)
    yield Metric("separated_total", "Successful separations.").counter_by("model", none | done.separated)
    yield Metric("separated_audio_seconds_total", "Their music, in seconds.").counter_by(
        "model", none | done.audio_seconds
    )
    yield Metric("separation_seconds_total", "The time that they took.").counter_by(
        "model", none | done.work_seconds
    )
    reasons = dict.fromkeys([*REASONS, work_totals.OTHER_REASON], 0)
    yield Metric("separation_failures_total", "Failed separations by reason.").counter_by(
        "reason", reasons | done.failed
    )


def _website() -> Iterator[Metric]:
    counts = counters.of_all_processes()
    asked = dict.fromkeys(["queued", "in_progress", "ready"], 0) | counts.requested
    yield Metric(
        "separation_requests_total", "Separations that people asked for; ready ones needed no processing."
    ).counter_by("result", asked)
    yield Metric("encodings_running", "Files that are being encoded.").gauge(counts.encodings_running)
    yield Metric("encodings_waiting", "Files that wait to be encoded.").gauge(counts.encodings_waiting)
    latency = Metric("http_request_seconds", "Time until the first byte of an answer.")
    series = [
        ({"route": route, "status": status}, _cumulated(known), known.seconds)
        for (route, status), known in sorted(counts.latencies.items())
    ]
    yield latency.histograms(series)


def _cumulated(latency: Latency) -> Mapping[str, int]:
    """Return how many took at most the time of each bucket."""
    total, by_limit = 0, {}
    for limit, number in zip([*map(str, BUCKETS), "+Inf"], latency.buckets, strict=True):
        total += number
        by_limit[limit] = total
    return by_limit


def _safety() -> Iterator[Metric]:
    """Say when the last backup was made and all files were checked, by Unix time, so that alerts compute their age."""
    hours = settings.BACKUP_HOURS if settings.BACKUP_TARGET else 0
    yield Metric("backup_interval_seconds", "Time between scheduled backups; 0 without them.").gauge(
        hours * 3600
    )
    yield Metric("backup_timestamp_seconds", "When the last good backup began; 0 before the first.").gauge(
        _unix_time(schedule.last_good_backup())
    )
    yield Metric("scrub_interval_seconds", "In this time all files are checked; 0 if never.").gauge(
        settings.SCRUB_DAYS * 86_400
    )
    yield Metric(
        "scrub_timestamp_seconds",
        "When the last check of all files ended; before that, when the first began.",
    ).gauge(_unix_time(schedule.last_scrub()))
    yield Metric("damaged_files", "Recordings and stems that were found damaged or missing.").gauge(
        AudioFile.objects.exclude(damaged_at=None).count()
    )


def _unix_time(moment: datetime | None) -> float:
    return round(moment.timestamp(), 3) if moment else 0


def _machine() -> Iterator[Metric]:
    disk = shutil.disk_usage(settings.DATA_DIR)
    yield Metric("disk_free_bytes", "Free bytes of the disk with the data.").gauge(disk.free)
    yield Metric("disk_used_bytes", "Used bytes of that disk.").gauge(disk.used)
    yield Metric("disk_floor_bytes", "Below so many free bytes, uploads are refused.").gauge(
        settings.DISK_FLOOR_BYTES
    )
    yield Metric("workers", "Separations that may run at once.").gauge(settings.WORKERS)
    version: Labels = {"version": settings.VERSION}
    yield Metric("info", "The version of the program.").gauge(1, version)
