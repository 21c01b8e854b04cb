"""Likes, wishes, notices and setlists."""

import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.base import Row
from catalog.models.music import Track
from catalog.normalization import sort_key


class Like(Row):
    """A track that an account likes."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="likes", verbose_name=_("account")
    )
    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="likes", verbose_name=_("track"))

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("like")
        verbose_name_plural = _("likes")
        constraints = [models.UniqueConstraint(fields=["user", "track"], name="one_like_per_user_and_track")]
        indexes = [models.Index(fields=["user", "-created_at"], name="liked_by_a_person")]

    def __str__(self) -> str:
        return f"{self.user} · {self.track}"


class Wish(Row):
    """A song that somebody wants; ``track`` is the one that fulfilled the wish.

    ``wanted`` is the number of its voices, kept by ``catalog.social.wishes`` so that the list has an index to go by.
    """

    artist = models.CharField(_("artist"), max_length=255, blank=True)
    title = models.CharField(_("title"), max_length=255)
    key = models.CharField(max_length=512, unique=True, editable=False)
    track = models.ForeignKey(
        Track,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="wishes",
        verbose_name=_("fulfilled by"),
    )
    fulfilled_at = models.DateTimeField(_("fulfilled"), null=True, editable=False)
    wanted = models.PositiveIntegerField(_("voices"), default=0, editable=False)
    wanted_by = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="WishVoice", related_name="wishes", verbose_name=_("wanted by")
    )

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("wish")
        verbose_name_plural = _("wishes")
        indexes = [
            models.Index(fields=["fulfilled_at", "-created_at"], name="open_wishes"),
            models.Index(fields=["fulfilled_at", "-wanted", "-created_at"], name="most_wanted_wishes"),
        ]

    def __str__(self) -> str:
        return f"{self.artist} - {self.title}" if self.artist else self.title

    def save(self, *args: object, **kwargs: object) -> None:
        self.key = self.key_of(self.artist, self.title)
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    @staticmethod
    def key_of(artist: str, title: str) -> str:
        """Make the key of a wish: two wishes of one key are one."""
        return f"{sort_key(artist)[:255]}/{sort_key(title)[:255]}"


class WishVoice(Row):
    """An account that joins a wish."""

    wish = models.ForeignKey(Wish, on_delete=models.CASCADE, related_name="voices", verbose_name=_("wish"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="wish_voices",
        verbose_name=_("account"),
    )

    class Meta:
        verbose_name = _("voice")
        verbose_name_plural = _("voices")
        constraints = [models.UniqueConstraint(fields=["wish", "user"], name="one_voice_per_wish_and_user")]

    def __str__(self) -> str:
        return f"{self.user} · {self.wish}"


class Notice(Row):
    """A notice to an account: their song is ready, their wish is fulfilled."""

    class Kind(models.TextChoices):
        SEPARATED = "separated", _("Ready to play")
        FAILED = "failed", _("Could not be separated")
        WISH = "wish", _("Somebody brought what you wished for")
        REPORT = "report", _("Your report was looked at")
        IMPORT = "import", _("Folder import")
        STORAGE = "storage", _("The storage needs your attention")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices", verbose_name=_("account")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    track = models.ForeignKey(
        Track,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="notices",
        verbose_name=_("track"),
    )
    text = models.CharField(_("text"), max_length=500, blank=True)
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [
            models.Index(fields=["user", "seen_at"], name="unseen_by_a_person"),
            models.Index(fields=["user", "-created_at"], name="notices_of_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_kind_display()}"


def new_link() -> str:
    """Make a token that cannot be guessed."""
    return secrets.token_urlsafe(12)


class Setlist(Row):
    """A list of tracks in an order, for its owner and, ``by_link``, for everybody with the link."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="setlists", verbose_name=_("owner")
    )
    title = models.CharField(_("title"), max_length=120)
    link = models.CharField(max_length=32, unique=True, default=new_link, editable=False)
    by_link = models.BooleanField(_("shared by link"), default=False)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        ordering = ["-changed_at"]
        verbose_name = _("setlist")
        verbose_name_plural = _("setlists")

    def __str__(self) -> str:
        return self.title


class SetlistEntry(Row):
    """One track of a setlist; the same track may come twice. ``settings``: how it is played, see
    ``catalog.api.playback_settings``."""

    setlist = models.ForeignKey(
        Setlist, on_delete=models.CASCADE, related_name="entries", verbose_name=_("setlist")
    )
    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, related_name="setlist_entries", verbose_name=_("track")
    )
    position = models.PositiveIntegerField(_("position"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    settings = models.JSONField(_("settings"), default=dict, blank=True)

    class Meta:
        ordering = ["position", "created_at"]
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        indexes = [models.Index(fields=["setlist", "position"], name="setlists_in_order")]

    def __str__(self) -> str:
        return f"{self.position}. {self.track}"
