"""Ratings and statistics."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Row, Track
from separation.models.separations import Separation, Stem


class Rating(Row):
    """The stars (1 to 5) that an account gives to a separation, or to one ``stem`` of it.

    ``track`` is the one through which they see it. A rating counts where that track is visible: one on a private track
    counts for its author alone, and in no statistics. None when the author no longer sees the separation.
    """

    separation = models.ForeignKey(
        Separation, on_delete=models.CASCADE, related_name="ratings", verbose_name=_("separation")
    )
    stem = models.ForeignKey(
        Stem,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="ratings",
        verbose_name=_("stem"),
        db_index=False,  # the second constraint begins with it
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ratings", verbose_name=_("account")
    )
    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, null=True, related_name="ratings", verbose_name=_("track")
    )
    score = models.PositiveSmallIntegerField(_("stars"))

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints = [
            models.UniqueConstraint(
                fields=["separation", "user"],
                condition=models.Q(stem=None),
                name="one_rating_per_separation_and_user",
            ),
            models.UniqueConstraint(fields=["stem", "user"], name="one_rating_per_stem_and_user"),
            models.CheckConstraint(condition=models.Q(score__range=(1, 5)), name="one_to_five_stars"),
        ]

    def __str__(self) -> str:
        return f"{self.score}/5"


class Statistics(models.Model):
    """The last computed statistics, in one row: computing them scans whole tables."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    figures = models.JSONField()
    measured_at = models.DateTimeField()
    seconds = models.FloatField(help_text=_("The duration of the computation."))

    class Meta:
        verbose_name = _("statistics")
        verbose_name_plural = _("statistics")

    def __str__(self) -> str:
        return str(self.measured_at)
