"""Stored audio, uploads, renditions, and fingerprints with their matches."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models.base import Row


class AudioFile(Row):
    """Immutable stored audio: a mixture or a stem. The same audio is one row, whatever its file looked like.

    ``key`` names the file in storage, ``checksum`` and ``size`` are those of its bytes. ``samples`` counts at the
    file's own ``sample_rate``; ``frames`` counts at 44.1 kHz, the rate stems have. ``damaged_at`` is when a check found
    the file missing or changed; whoever brings the same bytes again repairs it.
    """

    audio_digest = models.CharField(max_length=64, unique=True, editable=False)
    checksum = models.CharField(max_length=64, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"), editable=False)
    key = models.CharField(max_length=160, unique=True, editable=False)
    container = models.CharField(max_length=32, editable=False)
    codec = models.CharField(max_length=32, editable=False)
    lossless = models.BooleanField(editable=False)
    sample_rate = models.PositiveIntegerField(editable=False)
    channels = models.PositiveSmallIntegerField(editable=False)
    bits = models.PositiveSmallIntegerField(null=True, editable=False)
    samples = models.PositiveBigIntegerField(editable=False)
    frames = models.PositiveBigIntegerField(editable=False)
    duration = models.FloatField(_("seconds"), editable=False)
    peak = models.FloatField(editable=False)
    damaged_at = models.DateTimeField(_("found damaged"), null=True, editable=False)

    class Meta:
        verbose_name = _("audio file")
        verbose_name_plural = _("audio files")
        indexes = [models.Index(fields=["damaged_at"], condition=~Q(damaged_at=None), name="damaged_files")]

    def __str__(self) -> str:
        return f"{self.codec} {self.audio_digest[:12]}"


class Upload(Row):
    """An upload: who sent which file, and which audio it is.

    ``raw_names`` are the bytes (as Latin-1) of the tags that were in an old encoding, and ``names_encoding`` is the one
    that they were read in; see ``catalog/uploads/raw_names.py``.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="uploads",
        verbose_name=_("account"),
    )
    track = models.ForeignKey(
        "catalog.Track", on_delete=models.CASCADE, related_name="uploads", verbose_name=_("track")
    )
    audio = models.ForeignKey(
        AudioFile, on_delete=models.PROTECT, related_name="uploads", verbose_name=_("audio")
    )
    filename = models.CharField(_("file name"), max_length=255)
    checksum = models.CharField(max_length=64, db_index=True, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"), editable=False)
    charged = models.PositiveBigIntegerField(_("counted against the quota"), default=0, editable=False)
    raw_names = models.JSONField(default=dict, editable=False)
    names_encoding = models.CharField(_("encoding of the names"), max_length=16, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        indexes = [models.Index(fields=["user", "-created_at"], name="brought_by_a_person")]

    def __str__(self) -> str:
        return self.filename


class Rendition(Row):
    """A derived encoding of an AudioFile, or a mix of what came out of it, kept under a ``recipe``: codec, bitrate, the
    tags written into it, and what is mixed. ``used_at`` is, to the hour, when somebody last asked for it."""

    audio = models.ForeignKey(
        AudioFile, on_delete=models.CASCADE, related_name="renditions", verbose_name=_("audio")
    )
    recipe = models.CharField(max_length=64, editable=False)
    codec = models.CharField(_("codec"), max_length=8, editable=False)
    bitrate = models.PositiveSmallIntegerField(_("kbit/s"), null=True, editable=False)
    key = models.CharField(max_length=160, unique=True, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"), editable=False)
    checksum = models.CharField(max_length=64, editable=False)
    crc32 = models.PositiveBigIntegerField(null=True, editable=False)  # what archives need before the bytes
    used_at = models.DateTimeField(_("last used"), default=timezone.now, db_index=True, editable=False)

    class Meta:
        verbose_name = _("rendition")
        verbose_name_plural = _("renditions")
        constraints = [models.UniqueConstraint(fields=["audio", "recipe"], name="one_rendition_per_recipe")]

    def __str__(self) -> str:
        return f"{self.codec} {self.bitrate or ''}".strip()


class Fingerprint(Row):
    """The acoustic fingerprint of an AudioFile, by Chromaprint: one 32-bit number about every 0.124 s.

    ``values`` holds them as little-endian uint32. Some of them, chosen by their own value and therefore the
    same ones in another encoding, stand in ``FingerprintTerm``, where look-ups begin.
    """

    audio = models.OneToOneField(
        AudioFile, on_delete=models.CASCADE, related_name="fingerprint", verbose_name=_("audio")
    )
    values = models.BinaryField(editable=False)
    duration = models.FloatField(_("seconds"), editable=False)

    class Meta:
        verbose_name = _("fingerprint")
        verbose_name_plural = _("fingerprints")

    def __str__(self) -> str:
        return str(self.audio)


class FingerprintTerm(models.Model):
    """One number of a fingerprint, and its position."""

    fingerprint = models.ForeignKey(Fingerprint, on_delete=models.CASCADE, related_name="terms")
    term = models.BigIntegerField()
    position = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["term", "fingerprint", "position"], name="fingerprints_of_a_term")]

    def __str__(self) -> str:
        return f"{self.term} @ {self.position}"


class Match(Row):
    """Two AudioFiles that sound like the same recording. A proposal: nothing is merged by it.

    ``offset`` seconds of ``audio`` come before the start of ``other`` (negative: the other way round);
    ``similarity`` is the share of equal bits in what they have in common, 0 to 1.
    """

    audio = models.ForeignKey(
        AudioFile, on_delete=models.CASCADE, related_name="matches", verbose_name=_("audio")
    )
    other = models.ForeignKey(
        AudioFile, on_delete=models.CASCADE, related_name="matched_by", verbose_name=_("sounds like")
    )
    similarity = models.FloatField(_("similarity"), editable=False)
    offset = models.FloatField(_("offset in seconds"), editable=False)

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        constraints = [
            models.UniqueConstraint(fields=["audio", "other"], name="one_match_per_pair"),
            models.CheckConstraint(condition=~Q(audio=models.F("other")), name="no_match_with_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.similarity:.0%}"
