"""What the supervisor starts besides programs and imports: backups, and checks of stored files, when they are due."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone

from catalog.models import AudioFile
from operations.models import BackupRun, Scrub

FIRST_RETRY = timedelta(minutes=1)
MOST_RETRY = timedelta(hours=1)
SCRUB_PAUSE = timedelta(hours=1)


def next_command() -> list[str]:
    """Return the arguments for ``manage.py`` of what is due; empty when nothing is."""
    if _backup_is_due():
        return ["backup", "--scheduled"]
    if _scrub_is_due():
        return ["verify", "--scheduled"]
    return []


def next_backup() -> datetime | None:
    """Return when the next scheduled backup is due; None without a target."""
    if not settings.BACKUP_TARGET:
        return None
    runs = BackupRun.objects.filter(target=settings.BACKUP_TARGET)
    last = runs.first()
    if last is None:
        return timezone.now()
    hours = timedelta(hours=settings.BACKUP_HOURS)
    if last.state != BackupRun.State.FAILED:
        return last.created_at + hours
    pause = FIRST_RETRY if last.error_code == "interrupted" else min(MOST_RETRY, hours)
    return (last.finished_at or last.created_at) + pause


def last_good_backup() -> datetime | None:
    """Return when the last complete backup began: of those to the scheduled target, where there is one."""
    done = BackupRun.objects.filter(state=BackupRun.State.DONE)
    if settings.BACKUP_TARGET:
        done = done.filter(target=settings.BACKUP_TARGET)
    return done.values_list("created_at", flat=True).first()


def last_scrub() -> datetime | None:
    """Return when the last check of all files ended; while the first one goes on, when it began."""
    moments = Scrub.objects.aggregate(ended=Max("finished_at"), begun=Min("created_at"))
    moment: datetime | None = moments["ended"] or moments["begun"]
    return moment


def _backup_is_due() -> bool:
    due = next_backup()
    return (
        due is not None
        and due <= timezone.now()
        and not BackupRun.objects.filter(
            state=BackupRun.State.RUNNING, lease_until__gt=timezone.now()
        ).exists()
    )


def _scrub_is_due() -> bool:
    if not settings.SCRUB_DAYS:
        return False
    last = Scrub.objects.filter(is_scheduled=True).first()
    if last is None:
        return AudioFile.objects.filter(created_at__lt=timezone.now() - SCRUB_PAUSE).exists()
    if last.finished_at is not None:
        return last.created_at <= timezone.now() - timedelta(days=settings.SCRUB_DAYS)
    return last.worked_at is None or last.worked_at <= timezone.now() - SCRUB_PAUSE
