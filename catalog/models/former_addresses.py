"""Former addresses, which are redirected."""

import hashlib

from django.db import models
from django.utils.translation import gettext_lazy as _


class FormerAddress(models.Model):
    """A former address: pages and API redirect from ``old`` to ``target``.

    ``old`` is an artist's former slug, or the id of an artist, album or track that was merged into another. The name of
    an artist who was merged is here, too (``of_name``), so that songs that come under it go where the others went.
    """

    class Kind(models.TextChoices):
        ARTIST = "artist", _("artist")
        ALBUM = "album", _("album")
        TRACK = "track", _("track")

    kind = models.CharField(max_length=6, choices=Kind.choices)
    old = models.CharField(max_length=80)
    target = models.UUIDField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")
        constraints = [models.UniqueConstraint(fields=["kind", "old"], name="one_target_per_old_address")]

    def __str__(self) -> str:
        return f"{self.kind} {self.old}"

    @staticmethod
    def of_name(key: str) -> str:
        """Encode the folded name of an artist for ``old``, unlike any slug or id."""
        return f"={key if len(key) < 80 else hashlib.sha256(key.encode()).hexdigest()}"
