"""Backups and checks of stored files: what the dashboard shows of them, and which backup runs."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Row


class BackupRun(Row):
    """A backup of this installation; its transitions are in ``operations/backups/runs.py``.

    The row of a running backup keeps the garbage collector from removing files that are still to be copied.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    target = models.CharField(max_length=1024)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    owner = models.CharField(max_length=80)
    lease_until = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    snapshot = models.CharField(max_length=40, blank=True)
    files = models.PositiveIntegerField(default=0, help_text=_("The files that the backup names."))
    size = models.PositiveBigIntegerField(default=0, help_text=_("The bytes of these."))
    copied_files = models.PositiveIntegerField(
        default=0, help_text=_("The files that were not there before.")
    )
    copied_size = models.PositiveBigIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0, help_text=_("The files that could not be read."))
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("backup")
        verbose_name_plural = _("backups")
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="one_running_backup")
        ]

    def __str__(self) -> str:
        return f"{self.target} {self.get_state_display()}"


class Scrub(Row):
    """A pass over all stored files that compares them with their checksums.

    ``stage`` and ``position`` say which file was checked last: a pass that was interrupted goes on behind it.
    """

    is_scheduled = models.BooleanField(default=False)
    stage = models.CharField(max_length=10, blank=True)
    position = models.CharField(max_length=160, blank=True)
    files = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    damaged = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=list)
    worked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("check of stored files")
        verbose_name_plural = _("checks of stored files")

    def __str__(self) -> str:
        return str(self.created_at)

    def finish(self) -> None:
        """Note that all files were checked; save it afterwards."""
        self.finished_at = timezone.now()
