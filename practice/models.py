"""What musicians keep of a recording: its beats for everybody, loops, settings and an instrument for themselves."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import AudioFile, Row, Track


class BeatGrid(Row):
    """The beats of a recording, as ``practice.beats.Grid`` has them; empty where they were removed.

    ``track`` says who may see and change them, ``audio`` whose time they are in. The two part when tracks are merged:
    the beats of the audio that is no longer heard go along, to be there again if the merge is undone. ``revision``
    counts the changes, so that nobody overwrites one that they have not seen.
    """

    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, related_name="beat_grids", verbose_name=_("track")
    )
    audio = models.ForeignKey(
        AudioFile, on_delete=models.CASCADE, related_name="beat_grids", verbose_name=_("audio")
    )
    revision = models.PositiveIntegerField(_("revision"), default=0, editable=False)
    anchors = models.JSONField(default=list, editable=False)
    bars = models.JSONField(default=list, editable=False)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        ordering = ["-changed_at"]
        verbose_name = _("beat grid")
        verbose_name_plural = _("beat grids")
        constraints = [
            models.UniqueConstraint(fields=["track", "audio"], name="one_beat_grid_per_track_and_audio")
        ]

    def __str__(self) -> str:
        return str(self.track)


class Loop(Row):
    """A passage of a song that somebody practises, with the speed and the key in which they do."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="loops", verbose_name=_("account")
    )
    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="loops", verbose_name=_("track"))
    name = models.CharField(_("name"), max_length=80)
    start = models.FloatField(_("from second"))
    stop = models.FloatField(_("to second"))
    speed = models.FloatField(_("speed"), null=True, blank=True)
    semitones = models.FloatField(_("semitones"), null=True, blank=True)
    cents = models.FloatField(_("cents"), null=True, blank=True)

    class Meta:
        ordering = ["start", "stop", "created_at"]
        verbose_name = _("loop")
        verbose_name_plural = _("loops")
        indexes = [models.Index(fields=["user", "track", "start"], name="loops_of_a_person_and_song")]
        constraints = [
            models.CheckConstraint(condition=Q(stop__gt=models.F("start")), name="loops_have_length")
        ]

    def __str__(self) -> str:
        return self.name


class Preset(Row):
    """How somebody plays a song; ``settings`` as in ``catalog.api.playback_settings``."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presets", verbose_name=_("account")
    )
    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, related_name="presets", verbose_name=_("track")
    )
    settings = models.JSONField(_("settings"), default=dict)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        ordering = ["-changed_at"]
        verbose_name = _("preset")
        verbose_name_plural = _("presets")
        constraints = [
            models.UniqueConstraint(fields=["user", "track"], name="one_preset_per_user_and_track")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.track}"


class MyPart(Row):
    """The part that somebody plays themselves, and how they want to hear it in every song."""

    class Mode(models.TextChoices):
        ONLY = "only", _("Only my part")
        LOUDER = "louder", _("My part louder")
        WITHOUT = "without", _("Without my part")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="part", verbose_name=_("account")
    )
    instrument = models.CharField(_("instrument"), max_length=20, blank=True)
    mode = models.CharField(_("how to hear it"), max_length=7, choices=Mode.choices, blank=True)

    class Meta:
        verbose_name = _("instrument of a person")
        verbose_name_plural = _("instruments of people")

    def __str__(self) -> str:
        return f"{self.user} · {self.instrument}"
