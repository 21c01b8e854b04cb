"""Changes, reports, blocked recordings and imported files."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.base import Row
from catalog.models.music import Track


class Change(Row):
    """A change of the catalogue, with what is needed to undo it.

    ``before`` and ``after`` hold the fields of an edit; a merge keeps in ``before`` the row that went, and the
    ids of everything that pointed at it. ``merged_id`` is the row that a merge deleted, or that its undo restored.
    """

    class Kind(models.TextChoices):
        EDIT = "edit", _("edited")
        MERGE = "merge", _("merged")
        SPLIT = "split", _("split")
        REMOVE = "remove", _("removed")
        TAKEDOWN = "takedown", _("taken down")
        UNDO = "undo", _("undone")

    class Target(models.TextChoices):
        ARTIST = "artist", _("artist")
        ALBUM = "album", _("album")
        TRACK = "track", _("track")

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="changes",
        verbose_name=_("who"),
    )
    kind = models.CharField(_("what"), max_length=8, choices=Kind.choices)
    target = models.CharField(_("of"), max_length=6, choices=Target.choices)
    target_id = models.UUIDField(_("id"), editable=False)
    merged_id = models.UUIDField(null=True, editable=False, db_index=True)
    label = models.CharField(_("name"), max_length=520)
    private_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        help_text=_("A change of a private track is shown to its owner only."),
    )
    before = models.JSONField(_("before"), default=dict, editable=False)
    after = models.JSONField(_("after"), default=dict, editable=False)
    undone_by = models.OneToOneField(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="undoes",
        editable=False,
        verbose_name=_("undone by"),
    )

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        indexes = [
            models.Index(fields=["target", "target_id", "-created_at"], name="changes_of_a_row"),
            models.Index(fields=["-created_at"], name="newest_changes"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.label}"


class Report(Row):
    """A report that something is wrong with a track."""

    class Reason(models.TextChoices):
        NAMES = "names", _("Wrong title, artist or album")
        COVER = "cover", _("Wrong cover")
        DUPLICATE = "duplicate", _("The same song is here twice")
        QUALITY = "quality", _("The recording is broken")
        RIGHTS = "rights", _("It should not be here (rights)")
        OTHER = "other", _("Something else")

    class Outcome(models.TextChoices):
        OPEN = "open", _("Open")
        DONE = "done", _("Fixed")
        TAKEN_DOWN = "takendown", _("Taken down")
        REFUSED = "refused", _("No action needed")

    track = models.ForeignKey(
        Track, on_delete=models.SET_NULL, null=True, related_name="reports", verbose_name=_("track")
    )
    label = models.CharField(_("name"), max_length=520)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="reports",
        verbose_name=_("reported by"),
    )
    reason = models.CharField(_("reason"), max_length=9, choices=Reason.choices)
    text = models.TextField(_("what is wrong"), max_length=2000, blank=True)
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome.choices, default=Outcome.OPEN)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("closed by"),
    )

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        indexes = [models.Index(fields=["outcome", "-created_at"], name="open_reports")]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}: {self.label}"


class Block(Row):
    """Audio that was taken down and may not come back, in this encoding or in another.

    ``values`` is its fingerprint as in ``Fingerprint``, empty where there was none.
    """

    audio_digest = models.CharField(_("audio digest"), max_length=64, unique=True, editable=False)
    values = models.BinaryField(editable=False, default=bytes)
    duration = models.FloatField(_("seconds"), default=0.0, editable=False)
    label = models.CharField(_("name"), max_length=520)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("taken down by"),
    )

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("blocked recording")
        verbose_name_plural = _("blocked recordings")

    def __str__(self) -> str:
        return self.label


class ImportedFile(Row):
    """A file that was imported or refused for ``owner``, so that their next import skips it."""

    path = models.CharField(_("path"), max_length=1024, db_index=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    size = models.PositiveBigIntegerField(_("bytes"))
    modified = models.FloatField(_("modified"))
    outcome = models.CharField(_("outcome"), max_length=40)
    track = models.ForeignKey(
        Track, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("track")
    )

    class Meta:
        ordering = ["path"]
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        constraints = [
            models.UniqueConstraint(fields=["owner", "path"], name="one_imported_file_per_owner_and_path")
        ]

    def __str__(self) -> str:
        return self.path
