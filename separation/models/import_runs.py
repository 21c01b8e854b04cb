"""Imports of folders."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Row, Visibility


class ImportRun(Row):
    """The import of a folder of this server; its transitions are in ``separation/import_runs.py``."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")
        FAILED = "failed", _("Failed")

    folder = models.CharField(
        _("folder"), max_length=1024, help_text=_("A path on this server, such as /home/ana/Music.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("owner"),
    )
    visibility = models.CharField(
        _("visibility"), max_length=8, choices=Visibility.choices, default=Visibility.SHARED
    )
    model = models.CharField(_("model"), max_length=40, blank=True)
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.WAITING, editable=False
    )
    is_unwanted = models.BooleanField(default=False, editable=False)
    new = models.PositiveIntegerField(_("new"), default=0, editable=False)
    known = models.PositiveIntegerField(_("known"), default=0, editable=False)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0, editable=False)
    refused = models.PositiveIntegerField(_("refused"), default=0, editable=False)
    refusals = models.JSONField(default=list, editable=False)
    detail = models.CharField(_("remark"), max_length=500, blank=True, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)

    class Meta:
        ordering = ["created_at"]
        verbose_name = _("folder import")
        verbose_name_plural = _("folder imports")

    def __str__(self) -> str:
        return self.folder

    @property
    def is_finished(self) -> bool:
        return self.state not in {self.State.WAITING, self.State.RUNNING}
