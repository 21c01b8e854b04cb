"""The catalogue: who made what, and the immutable audio behind it.

Artist, Album and Track are what people see. AudioFile is stored audio, named by what it sounds like
(``audio_digest``) and never changed. Upload tells who brought which file. Rendition is an encoding of an
AudioFile that can be thrown away and made again.
"""

import uuid
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.text import fold


def file_storage() -> Storage:
    """The storage of every file the catalogue names."""
    return storages["files"]


def _count(rows: "models.QuerySet[Any]", by: str) -> Coalesce:
    """How many ``rows`` there are; they name the outer row in their field ``by``."""
    counts = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts), 0)


class Row(models.Model):
    """What all rows here share: an opaque id and the time they were made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        abstract = True


class ArtistQuerySet(models.QuerySet["Artist"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those who made a track, or an album with a track, that ``user`` may see."""
        tracks = Track.objects.visible_to(user).order_by()
        return self.filter(
            Exists(tracks.filter(artist=OuterRef("pk"))) | Exists(tracks.filter(album__artist=OuterRef("pk")))
        )

    def with_counts(self, user: User | AnonymousUser) -> Self:
        """Adds ``track_count`` and ``album_count``: what ``user`` may see of them."""
        tracks = Track.objects.visible_to(user).filter(artist=OuterRef("pk"))
        albums = Album.objects.visible_to(user).filter(artist=OuterRef("pk"))
        return self.annotate(track_count=_count(tracks, "artist"), album_count=_count(albums, "artist"))

    def search(self, words: str) -> Self:
        """Artists whose name holds every one of ``words``."""
        return self.filter(*(Q(key__contains=word) for word in fold(words).split()))

    def named(self, name: str) -> "Artist":
        """Find or make the artist of this name; spelling, case and accents do not make another one."""
        artist, _created = self.get_or_create(key=fold(name)[:255], defaults={"name": name})
        return artist


class Artist(Row):
    name = models.CharField(_("name"), max_length=255)
    key = models.CharField(max_length=255, unique=True, editable=False)
    slug = models.SlugField(_("address"), max_length=80, unique=True, editable=False)

    objects = ArtistQuerySet.as_manager()

    class Meta:
        ordering = ["key"]
        verbose_name = _("artist")
        verbose_name_plural = _("artists")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep the key in step with the name; the address is given once and stays."""
        self.key = fold(self.name)[:255]
        if not self.slug:
            base = slugify(self.key)[:70] or "artist"
            taken = Artist.objects.filter(slug=base).exists()
            self.slug = f"{base}-{self.id.hex[:8]}" if taken else base
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    def clean(self) -> None:
        """Two spellings of one name are one artist."""
        if Artist.objects.filter(key=fold(self.name)[:255]).exclude(pk=self.pk).exists():
            raise ValidationError({"name": _("There is an artist of this name already.")}, code="unique")


class AlbumQuerySet(models.QuerySet["Album"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those with a track that ``user`` may see."""
        return self.filter(Exists(Track.objects.visible_to(user).filter(album=OuterRef("pk")).order_by()))

    def with_counts(self, user: User | AnonymousUser) -> Self:
        """Adds ``track_count``, and ``cover_track``: the id of a track whose cover stands for the album."""
        tracks = Track.objects.visible_to(user).filter(album=OuterRef("pk"))
        pictured = tracks.filter(~Q(cover="") | ~Q(album__cover="")).order_by("disc_number", "track_number")
        return self.annotate(
            track_count=_count(tracks, "album"), cover_track=Subquery(pictured.values("pk")[:1])
        )

    def search(self, words: str) -> Self:
        """Albums whose title or artist holds every one of ``words``."""
        return self.filter(
            *(Q(key__contains=word) | Q(artist__key__contains=word) for word in fold(words).split())
        )

    def titled(self, title: str, artist: Artist, year: int | None = None) -> "Album":
        """Find or make ``artist``'s album of this title."""
        album, _created = self.get_or_create(
            artist=artist, key=fold(title)[:255], defaults={"title": title, "year": year}
        )
        return album


class Album(Row):
    title = models.CharField(_("title"), max_length=255)
    key = models.CharField(max_length=255, editable=False)
    artist = models.ForeignKey(
        Artist, on_delete=models.PROTECT, related_name="albums", verbose_name=_("artist")
    )
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    cover = models.CharField(_("cover"), max_length=120, blank=True, editable=False)

    objects = AlbumQuerySet.as_manager()

    class Meta:
        ordering = ["key"]
        verbose_name = _("album")
        verbose_name_plural = _("albums")
        constraints = [
            models.UniqueConstraint(fields=["artist", "key"], name="one_album_per_artist_and_title")
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: object, **kwargs: object) -> None:
        self.key = fold(self.title)[:255]
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    def clean(self) -> None:
        """Two spellings of one title are one album of its artist."""
        same = Album.objects.filter(artist=self.artist_id, key=fold(self.title)[:255])
        if same.exclude(pk=self.pk).exists():
            raise ValidationError(
                {"title": _("This artist has an album of this title already.")}, code="unique"
            )


class AudioFile(Row):
    """Immutable stored audio: a mixture or a stem. The same audio is one row, whatever its file looked like.

    ``key`` names the file in storage, ``checksum`` and ``size`` are those of its bytes. ``samples`` counts at the
    file's own ``sample_rate``; ``frames`` counts at 44.1 kHz, the rate stems have.
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

    class Meta:
        verbose_name = _("audio file")
        verbose_name_plural = _("audio files")

    def __str__(self) -> str:
        return f"{self.codec} {self.audio_digest[:12]}"


class Visibility(models.TextChoices):
    SHARED = "shared", _("Shared with everybody")
    PRIVATE = "private", _("Only for me")


class TrackQuerySet(models.QuerySet["Track"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """What ``user`` may see: everything shared, and their own."""
        if user.is_anonymous:
            return self.filter(visibility=Visibility.SHARED)
        return self.filter(Q(visibility=Visibility.SHARED) | Q(owner=user))

    def search(self, words: str) -> Self:
        """Tracks whose title, artist or album holds every one of ``words``."""
        return self.filter(*(Q(words__contains=word) for word in fold(words).split()))

    def with_names(self) -> Self:
        """Fetch artist, album and audio in the same query."""
        return self.select_related("artist", "album", "album__artist", "audio")

    def refresh_words(self) -> None:
        """Make these tracks findable by the names that their artists and albums have now."""
        for track in self.with_names().iterator():
            track.save(update_fields=["words"])


class Track(Row):
    """One catalogued recording. Shared audio has one Track; a private one exists for its owner beside it."""

    title = models.CharField(_("title"), max_length=255)
    artist = models.ForeignKey(
        Artist, on_delete=models.PROTECT, related_name="tracks", verbose_name=_("artist")
    )
    album = models.ForeignKey(
        Album,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="tracks",
        verbose_name=_("album"),
    )
    track_number = models.PositiveSmallIntegerField(_("track number"), null=True, blank=True)
    disc_number = models.PositiveSmallIntegerField(_("disc number"), null=True, blank=True)
    genre = models.CharField(_("genre"), max_length=80, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    cover = models.CharField(_("cover"), max_length=120, blank=True, editable=False)
    audio = models.ForeignKey(
        AudioFile, on_delete=models.PROTECT, related_name="tracks", verbose_name=_("audio"), editable=False
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="tracks",
        verbose_name=_("owner"),
    )
    visibility = models.CharField(
        _("visibility"), max_length=8, choices=Visibility.choices, default=Visibility.SHARED
    )
    words = models.CharField(max_length=800, editable=False)

    objects = TrackQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("track")
        verbose_name_plural = _("tracks")
        constraints = [
            models.UniqueConstraint(
                fields=["audio"], condition=Q(visibility="shared"), name="one_shared_track_per_audio"
            ),
            models.UniqueConstraint(
                fields=["audio", "owner"],
                condition=Q(visibility="private"),
                name="one_private_track_per_audio_and_owner",
            ),
        ]
        # Without the second and third SQLite takes the first for "shared tracks of this album", which reads
        # every shared track once for each album.
        indexes = [
            models.Index(fields=["visibility", "-created_at"], name="newest_tracks"),
            models.Index(fields=["artist", "visibility"], name="tracks_of_an_artist"),
            models.Index(fields=["album", "visibility"], name="tracks_of_an_album"),
        ]

    def __str__(self) -> str:
        return f"{self.artist} - {self.title}"

    def save(self, *args: object, **kwargs: object) -> None:
        album = self.album.title if self.album else ""
        names = (self.artist.name, album, self.title)  # one by one: a title such as "!!!" is a name too
        self.words = " ".join(fold(name) for name in names if name)[:800]
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    @property
    def picture(self) -> str:
        """The storage key of the cover to show: the track's own, else its album's, else nothing."""
        return self.cover or (self.album.cover if self.album else "")

    def may_be_edited_by(self, user: User | AnonymousUser) -> bool:
        """Its owner, and those who look after the catalogue."""
        return not user.is_anonymous and (user.pk == self.owner_id or user.has_perm("catalog.change_track"))


class Upload(Row):
    """The act: who brought which file, and which audio it turned out to be."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="uploads",
        verbose_name=_("account"),
    )
    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, related_name="uploads", verbose_name=_("track")
    )
    audio = models.ForeignKey(
        AudioFile, on_delete=models.PROTECT, related_name="uploads", verbose_name=_("audio")
    )
    filename = models.CharField(_("file name"), max_length=255)
    checksum = models.CharField(max_length=64, db_index=True, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"), editable=False)
    charged = models.PositiveBigIntegerField(_("counted against the quota"), default=0, editable=False)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")

    def __str__(self) -> str:
        return self.filename


class Rendition(Row):
    """A derived encoding of an AudioFile, kept under a ``recipe``: codec, bitrate and the tags written into it."""

    audio = models.ForeignKey(
        AudioFile, on_delete=models.CASCADE, related_name="renditions", verbose_name=_("audio")
    )
    recipe = models.CharField(max_length=64, editable=False)
    codec = models.CharField(_("codec"), max_length=8, editable=False)
    bitrate = models.PositiveSmallIntegerField(_("kbit/s"), null=True, editable=False)
    key = models.CharField(max_length=160, unique=True, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"), editable=False)
    checksum = models.CharField(max_length=64, editable=False)

    class Meta:
        verbose_name = _("rendition")
        verbose_name_plural = _("renditions")
        constraints = [models.UniqueConstraint(fields=["audio", "recipe"], name="one_rendition_per_recipe")]

    def __str__(self) -> str:
        return f"{self.codec} {self.bitrate or ''}".strip()
