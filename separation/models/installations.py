"""Installations of models, and which models an administrator prefers."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Row


class ModelInstallation(Row):
    """The last installation of the models in one folder; its transitions are in ``installations/lifecycle.py``.

    Whether a model is installed is told by its files alone: this row says what was asked for, how far it is, and who
    accepted the licence.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Being installed")
        INSTALLED = "installed", _("Installed")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        REMOVED = "removed", _("Removed")

    folder = models.CharField(_("folder"), max_length=80, unique=True, editable=False)
    model = models.CharField(_("model"), max_length=40, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING, editable=False
    )
    source = models.CharField(
        _("source"),
        max_length=1024,
        blank=True,
        editable=False,
        help_text=_("Empty for the official addresses."),
    )
    is_official = models.BooleanField(_("official weights"), null=True, editable=False)
    done_bytes = models.BigIntegerField(_("bytes fetched"), default=0, editable=False)
    total_bytes = models.BigIntegerField(_("bytes in all"), null=True, editable=False)
    licence = models.TextField(_("licence"), blank=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("licence accepted by"),
    )
    accepted_at = models.DateTimeField(_("licence accepted"), null=True, editable=False)

    owner = models.CharField(_("worker"), max_length=80, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(
        _("attempts"),
        default=0,
        editable=False,
        help_text=_("The number of attempts since something last arrived."),
    )
    retry_at = models.DateTimeField(_("next attempt after"), null=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, editable=False)
    task_sent_at = models.DateTimeField(_("task sent"), null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)
    error_code = models.CharField(_("error"), max_length=40, blank=True, editable=False)
    error_detail = models.CharField(_("reason"), max_length=500, blank=True, editable=False)

    class Meta:
        ordering = ["folder"]
        verbose_name = _("model installation")
        verbose_name_plural = _("models")
        indexes = [models.Index(fields=["state"], name="installations_by_state")]

    def __str__(self) -> str:
        return self.model

    @property
    def is_retried(self) -> bool:
        """Whether it waits for the next attempt after one that failed."""
        return self.state == self.State.WAITING and self.retry_at is not None

    @property
    def is_unfinished(self) -> bool:
        return self.state in {self.State.WAITING, self.State.RUNNING}


class ModelSettings(models.Model):
    """What administrators decided about models, in one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    defaults = models.JSONField(default=dict, help_text=_("The preferred model for each number of parts."))
    hint_dismissed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("settings of models")
        verbose_name_plural = _("settings of models")

    def __str__(self) -> str:
        return ", ".join(sorted(self.defaults.values()))
