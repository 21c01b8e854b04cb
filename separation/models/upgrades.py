"""Upgrades: songs that are separated again with a better model."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Row


class ModelUpgrade(Row):
    """Songs of one model that are separated with another one in idle time.

    The row says what was asked for. Which songs are done and which are left is told by their separations; see
    ``separation/upgrades/``, where the transitions are, too. At most one runs at a time.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        STOPPED = "stopped", _("Stopped")
        DONE = "done", _("Done")

    source_model = models.CharField(_("from the model"), max_length=40, editable=False)
    target_model = models.CharField(_("to the model"), max_length=40, editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.RUNNING, editable=False
    )
    remaining = models.PositiveIntegerField(
        _("songs that may still begin"), null=True, editable=False, help_text=_("Empty for all of them.")
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("started by"),
    )
    started_at = models.DateTimeField(_("started"), editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)

    class Meta:
        ordering = ["-started_at"]
        verbose_name = _("upgrade of separations")
        verbose_name_plural = _("upgrades of separations")
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="running"), name="one_running_upgrade"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source_model} → {self.target_model}"
