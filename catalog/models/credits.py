"""Featured artists of tracks."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.music import Artist, Track


class Credit(models.Model):
    """A featured artist of a track; its main artist is ``Track.artist``."""

    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, related_name="credits", verbose_name=_("track")
    )
    artist = models.ForeignKey(
        Artist, on_delete=models.PROTECT, related_name="credits", verbose_name=_("artist"), db_index=False
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    brought_at = models.DateTimeField(editable=False)  # as the track's: a guest's songs are listed by it

    class Meta:
        ordering = ["position"]
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        constraints = [
            models.UniqueConstraint(fields=["track", "artist"], name="one_credit_per_track_and_artist")
        ]
        indexes = [models.Index(fields=["artist", "-brought_at", "track"], name="newest_tracks_with_a_guest")]

    def __str__(self) -> str:
        return str(self.artist)

    def save(self, *args: object, **kwargs: object) -> None:
        self.brought_at = self.track.created_at
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
