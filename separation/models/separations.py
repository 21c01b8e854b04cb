"""Separations, requests for them, and their stems.

The transitions of a ``Separation`` are drawn and implemented in ``separation/lifecycle.py``.
"""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import AudioFile, Row, Track
from catalog.visibility import visible_to


class Status(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Ready")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class SeparationQuerySet(models.QuerySet["Separation"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Keep separations that were requested through a track which ``user`` may see."""
        return self.filter(models.Exists(_through(user)))

    def audible_to(self, user: User | AnonymousUser) -> Self:
        """Keep those of ``visible_to`` that were not stopped on that track."""
        return self.filter(models.Exists(_through(user).filter(stopped_at=None)))

    def unfinished(self) -> Self:
        return self.filter(status__in=[Status.QUEUED, Status.RUNNING])

    def requested(self) -> Self:
        """Keep those that somebody asked for; the others are done in idle time."""
        return self.filter(models.Exists(SeparationRequest.objects.filter(separation=models.OuterRef("pk"))))

    def unrequested(self) -> Self:
        """Keep those that nobody asked for."""
        return self.exclude(models.Exists(SeparationRequest.objects.filter(separation=models.OuterRef("pk"))))


class Separation(Row):
    """One mixture through one revision of one model, made once and kept. Written by ``lifecycle.py`` alone.

    The mixture is the audio of a song, or that of a stem which a model separates further.
    """

    mixture = models.ForeignKey(  # the index of it below serves as its own
        AudioFile,
        on_delete=models.PROTECT,
        related_name="separations",
        verbose_name=_("mixture"),
        db_index=False,
    )
    model = models.CharField(_("model"), max_length=40)
    revision = models.CharField(_("revision"), max_length=40, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    progress = models.FloatField(_("progress"), default=0.0)
    segments = models.PositiveIntegerField(
        _("segments"),
        default=0,
        editable=False,
        help_text=_("The number of segments that can be played while it is running."),
    )
    gain = models.FloatField(
        _("gain"),
        default=1.0,
        help_text=_("The factor that all stems were multiplied by, so that none clips."),
    )

    owner = models.CharField(_("worker"), max_length=80, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(
        _("attempts"), default=0, editable=False, help_text=_("The number of attempts that were started.")
    )
    crashes = models.PositiveSmallIntegerField(
        _("crashes"),
        default=0,
        editable=False,
        help_text=_("The number of attempts that failed, interruptions left out."),
    )
    retry_at = models.DateTimeField(_("next attempt after"), null=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, editable=False)
    task_sent_at = models.DateTimeField(_("task sent"), null=True, editable=False)

    queued_at = models.DateTimeField(_("queued"), null=True, editable=False)
    queued_by = models.ForeignKey(  # an index below serves as its own
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("queued by"),
        help_text=_("The account whose request put it into the queue."),
        db_index=False,
    )
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)
    error_code = models.CharField(_("error"), max_length=40, blank=True, editable=False)
    error_detail = models.CharField(_("reason"), max_length=500, blank=True, editable=False)

    objects = SeparationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("separation")
        verbose_name_plural = _("separations")
        constraints = [
            models.UniqueConstraint(
                fields=["mixture", "model", "revision"], name="one_separation_per_mixture_model_and_revision"
            )
        ]
        indexes = [
            models.Index(fields=["status", "queued_at"], name="waiting_separations"),
            models.Index(fields=["queued_by", "queued_at"], name="separations_queued_by"),
            # All that lists of songs ask, so that they read no row of this table, nor of the stems'.
            models.Index(fields=["mixture", "status", "model", "id"], name="separations_of_a_mixture"),
            # Who was served lately, and whether the queue moves.
            models.Index(fields=["started_at"], name="separations_by_start"),
            # How fast a model was lately.
            models.Index(
                fields=["model", "-finished_at"],
                condition=models.Q(status=Status.SUCCEEDED),
                name="separations_done_by_model",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.get_status_display()}"

    @property
    def is_finished(self) -> bool:
        return self.status not in {Status.QUEUED, Status.RUNNING}


class TrackSeparationQuerySet(models.QuerySet["TrackSeparation"]):
    def of_songs(self) -> Self:
        """Keep what was made of the song itself: of a merged track nothing of its former audio."""
        return self.filter(track__audio=models.F("separation__mixture"))

    def of_stems(self) -> Self:
        """Keep what was made of stems that separations of the song have now."""
        return self.filter(models.Exists(_stems_of_song()))

    def shown(self) -> Self:
        """Keep both."""
        return self.filter(
            models.Q(track__audio=models.F("separation__mixture")) | models.Exists(_stems_of_song())
        )


class TrackSeparation(Row):
    """A separation that one track shows: requested through this track at ``created_at``.

    It is of the song, or of one of its stems, under which it stands then.
    Audio that several accounts keep privately has one separation. Each of their tracks shows it only once it was
    requested there, as of that moment, and ``stopped_at`` is set when all requests there are withdrawn: so no track
    reveals what the others do. The row outlives the requests.
    """

    track = models.ForeignKey(  # the first constraint begins with it
        Track,
        on_delete=models.CASCADE,
        related_name="track_separations",
        verbose_name=_("track"),
        db_index=False,
    )
    separation = models.ForeignKey(
        Separation, on_delete=models.CASCADE, related_name="track_separations", verbose_name=_("separation")
    )
    stopped_at = models.DateTimeField(_("stopped"), null=True, editable=False)

    objects = TrackSeparationQuerySet.as_manager()

    class Meta:
        verbose_name = _("separation of a track")
        verbose_name_plural = _("separations of tracks")
        constraints = [
            models.UniqueConstraint(fields=["track", "separation"], name="one_row_per_track_and_separation")
        ]

    def __str__(self) -> str:
        return f"{self.track} · {self.separation}"


def _through(user: User | AnonymousUser) -> TrackSeparationQuerySet:
    """Find rows that show the outer separation to ``user``."""
    rows = TrackSeparation.objects.filter(separation=models.OuterRef("pk")).shown()
    return rows.filter(visible_to(user, "track"))


def _stems_of_song() -> "models.QuerySet[Stem]":
    """Find the stems of the song of the outer ``TrackSeparation`` that its separation was made of."""
    return Stem.objects.filter(
        audio=models.OuterRef("separation__mixture"), separation__mixture=models.OuterRef("track__audio")
    ).order_by()


class SeparationRequest(Row):
    """A separation that an account asked for, and for which track. Unfinished work without a request is cancelled."""

    separation = models.ForeignKey(
        Separation, on_delete=models.CASCADE, related_name="requests", verbose_name=_("separation")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="separation_requests",
        verbose_name=_("account"),
    )
    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, related_name="separation_requests", verbose_name=_("track")
    )
    silent = models.BooleanField(_("without notices"), default=False, db_default=False)

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        constraints = [
            models.UniqueConstraint(fields=["separation", "user"], name="one_request_per_separation_and_user")
        ]
        indexes = [models.Index(fields=["user", "-created_at"], name="asked_by_a_person")]

    def __str__(self) -> str:
        return f"{self.user} · {self.separation}"


class Stem(Row):
    """One part of a separation. ``peaks`` holds one byte per 4096 samples, for the waveform."""

    separation = models.ForeignKey(
        Separation,
        on_delete=models.CASCADE,
        related_name="stems",
        verbose_name=_("separation"),
        db_index=False,
    )
    name = models.CharField(_("name"), max_length=20)
    position = models.PositiveSmallIntegerField(_("position"))
    audio = models.ForeignKey(
        AudioFile, on_delete=models.PROTECT, related_name="stems", verbose_name=_("audio")
    )
    peaks = models.BinaryField(editable=False)

    class Meta:
        ordering = ["separation", "position"]
        verbose_name = _("stem")
        verbose_name_plural = _("stems")
        constraints = [
            models.UniqueConstraint(fields=["separation", "name"], name="one_stem_per_separation_and_name")
        ]
        indexes = [models.Index(fields=["separation", "position", "name"], name="stems_of_a_separation")]

    def __str__(self) -> str:
        return self.name
