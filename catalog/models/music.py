"""Artists, albums and tracks."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models.audio import AudioFile
from catalog.models.base import Name, Row, any_of, counted
from catalog.models.former_addresses import FormerAddress
from catalog.normalization import fold, initial, sort_key, sort_name, spoken
from catalog.visibility import Visibility, visible_to


class ArtistQuerySet(models.QuerySet["Artist"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Keep artists with a track, or with an album with a track, that ``user`` may see."""
        tracks = Track.objects.visible_to(user)
        return self.filter(
            Q(any_of(tracks.filter(artist=OuterRef("pk"))))
            | Q(any_of(tracks.filter(album__artist=OuterRef("pk"))))
            | Q(any_of(tracks.filter(credits__artist=OuterRef("pk"))))
        )

    def with_counts(self, user: User | AnonymousUser) -> Self:
        """Add ``track_count`` and ``album_count``: what ``user`` may see of them."""
        tracks = Track.objects.visible_to(user).filter(artist=OuterRef("pk"))
        albums = Album.objects.visible_to(user).filter(artist=OuterRef("pk"))
        return self.annotate(track_count=counted(tracks, "artist"), album_count=counted(albums, "artist"))

    def shared(self) -> Self:
        """Keep what everybody may see."""
        return self.filter(private_to=None).visible_to(AnonymousUser())

    def get_or_create_by_name(
        self, name: str, *, merged: bool = True, private_to: User | None = None
    ) -> "Artist":
        """Find or make the artist of this name; spelling, case and accents do not make another one.

        Where one of this name was ``merged`` into another, that is the one. For a song that is ``private_to``
        somebody it is the artist whom everybody may see, else one of their own: nobody else gets its spelling.
        """
        key = fold(name)[:255]
        rows = self.filter(private_to=None) if private_to is None else self.shared()
        artist = rows.filter(key=key).first()
        if artist is not None and artist.name != name and not self.shared().filter(pk=artist.pk).exists():
            artist.name, artist.sort_name = name, ""  # left over: nobody sees it, until this song comes
            artist.save()
        if artist is None and merged:
            kind, old = FormerAddress.Kind.ARTIST, FormerAddress.of_name(key)
            artist = rows.filter(
                pk__in=FormerAddress.objects.filter(kind=kind, old=old).values("target")
            ).first()
        if artist is None:
            artist, _created = self.get_or_create(key=key, private_to=private_to, defaults={"name": name})
        return artist


class Artist(Name):
    """An artist. ``key`` is the folded name; lists are sorted by ``sort_key`` and filtered by ``initial``.

    An artist with nothing but private songs is ``private_to`` their owner, see ``catalog/uploads/private_names.py``.
    """

    name = models.CharField(_("name"), max_length=255)
    sort_name = models.CharField(
        _("sorted as"),
        max_length=255,
        blank=True,
        help_text=_("“Beatles, The”. Left empty, it is made from the name."),
    )
    key = models.CharField(max_length=255, editable=False)
    sort_key = models.CharField(max_length=255, editable=False)
    initial = models.CharField(max_length=1, editable=False)
    slug = models.SlugField(_("address"), max_length=80, unique=True, editable=False)

    objects = ArtistQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "pk"]
        verbose_name = _("artist")
        verbose_name_plural = _("artists")
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(private_to_id=None), name="one_artist_per_name"
            ),
            models.UniqueConstraint(fields=["key", "private_to"], name="one_artist_per_name_and_owner"),
        ]
        indexes = [
            models.Index(fields=["sort_key", "id"], name="artists_in_order"),
            models.Index(fields=["initial", "sort_key", "id"], name="artists_by_letter"),
        ]

    def __str__(self) -> str:
        return self.shown

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep the keys in step with the name; the address is given once and stays."""
        self.key = fold(self.name)[:255]
        self.sort_name = self.sort_name or sort_name(self.name)
        self.sort_key = sort_key(self.sort_name)[:255]
        self.initial = initial(self.sort_key)
        if not self.slug:
            base = slugify(sort_key(self.name))[:70] or "artist"
            taken = self.private_to_id is not None or Artist.objects.filter(slug=base).exists()
            self.slug = f"{base}-{self.id.hex[:8]}" if taken else base
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    @property
    def shown(self) -> str:
        """Return the name for pages: "Unknown artist" in the reader's language."""
        return spoken(self.name)

    @property
    def label(self) -> str:
        """Return the name as it is stored in histories, reports and the like."""
        return self.name

    def clean(self) -> None:
        """Refuse a name that another artist has in another spelling."""
        same = Artist.objects.filter(key=fold(self.name)[:255], private_to=self.private_to_id)
        if same.exclude(pk=self.pk).exists():
            raise ValidationError({"name": _("There is an artist of this name already.")}, code="unique")


class AlbumQuerySet(models.QuerySet["Album"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Keep albums with a track that ``user`` may see."""
        return self.filter(any_of(Track.objects.visible_to(user).filter(album=OuterRef("pk"))))

    def with_counts(self, user: User | AnonymousUser) -> Self:
        """Add ``track_count``, ``cover_key``, and ``cover_track``: the id of a track that shows the same cover."""
        tracks = Track.objects.visible_to(user).filter(album=OuterRef("pk"))
        pictured = tracks.filter(~Q(cover="") | ~Q(album__cover="")).order_by("disc_number", "track_number")
        own = tracks.exclude(cover="").order_by("disc_number", "track_number").values("cover")[:1]
        return self.annotate(
            track_count=counted(tracks, "album"),
            cover_track=Subquery(pictured.values("pk")[:1]),
            cover_key=Case(When(~Q(cover=""), then=F("cover")), default=Coalesce(Subquery(own), Value(""))),
        )

    def shared(self) -> Self:
        """Keep what everybody may see."""
        return self.filter(private_to=None).visible_to(AnonymousUser())

    def get_or_create_by_title(
        self, title: str, artist: Artist, year: int | None = None, private_to: User | None = None
    ) -> "Album":
        """Find or make ``artist``'s album of this title; ``private_to`` as in ``get_or_create_by_name``."""
        key = fold(title)[:255]
        if private_to is not None:
            album = self.shared().filter(artist=artist, key=key).first()
            if album is not None:
                return album
        album, created = self.get_or_create(
            artist=artist, key=key, private_to=private_to, defaults={"title": title, "year": year}
        )
        if private_to is None and not created and not self.shared().filter(pk=album.pk).exists():
            album.title, album.year, album.cover, album.compilation = title, year, "", False  # left over
            album.save()
        return album


class Album(Name):
    """An album. ``artist`` is the album artist; a compilation has tracks of many.

    ``key`` is the folded title; lists go by ``sort_key`` (without "The"), letters by ``initial``.
    """

    title = models.CharField(_("title"), max_length=255)
    key = models.CharField(max_length=255, editable=False)
    sort_key = models.CharField(max_length=255, editable=False)
    initial = models.CharField(max_length=1, editable=False)
    artist = models.ForeignKey(
        Artist, on_delete=models.PROTECT, related_name="albums", verbose_name=_("artist")
    )
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    compilation = models.BooleanField(_("compilation"), default=False)
    cover = models.CharField(_("cover"), max_length=120, blank=True, editable=False)

    objects = AlbumQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "pk"]
        verbose_name = _("album")
        verbose_name_plural = _("albums")
        constraints = [
            models.UniqueConstraint(
                fields=["artist", "key"],
                condition=Q(private_to_id=None),
                name="one_album_per_artist_and_title",
            ),
            models.UniqueConstraint(
                fields=["artist", "key", "private_to"], name="one_album_per_artist_title_and_owner"
            ),
        ]
        indexes = [
            models.Index(fields=["sort_key", "id"], name="albums_in_order"),
            models.Index(fields=["initial", "sort_key", "id"], name="albums_by_letter"),
            models.Index(fields=["-created_at", "id"], name="newest_albums"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def label(self) -> str:
        """Return the name as it is stored in histories."""
        return self.title

    def save(self, *args: object, **kwargs: object) -> None:
        self.key = fold(self.title)[:255]
        self.sort_key = sort_key(sort_name(self.title))[:255]
        self.initial = initial(self.sort_key)
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    def clean(self) -> None:
        """Refuse a title that another album of the artist has in another spelling."""
        same = Album.objects.filter(
            artist=self.artist_id, key=fold(self.title)[:255], private_to=self.private_to_id
        )
        if same.exclude(pk=self.pk).exists():
            raise ValidationError(
                {"title": _("This artist has an album of this title already.")}, code="unique"
            )


class TrackQuerySet(models.QuerySet["Track"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Keep those that ``user`` may see."""
        return self.filter(visible_to(user))

    def with_names(self) -> Self:
        """Fetch artist, album and audio in the same query."""
        return self.select_related("artist", "album", "album__artist", "audio")


class Track(Row):
    """One catalogued recording. Shared audio has one Track; a private one exists for its owner beside it."""

    title = models.CharField(_("title"), max_length=255)
    artist = models.ForeignKey(  # each of the indexes below that begin with it serves as its own
        Artist, on_delete=models.PROTECT, related_name="tracks", verbose_name=_("artist"), db_index=False
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
    genre_key = models.CharField(max_length=80, blank=True, editable=False)
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
    plays = models.PositiveIntegerField(_("played"), default=0, editable=False)
    separated_at = models.DateTimeField(_("separated"), null=True, editable=False)
    title_key = models.CharField(max_length=255, editable=False)

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
            models.Index(fields=["artist", "visibility", "title_key", "id"], name="tracks_of_an_artist"),
            models.Index(fields=["artist", "-created_at", "id"], name="newest_tracks_of_an_artist"),
            models.Index(fields=["artist", "visibility", "owner", "album"], name="albums_an_artist_is_on"),
            models.Index(fields=["album", "visibility"], name="tracks_of_an_album"),
            models.Index(fields=["visibility", "-plays", "-created_at"], name="most_played_tracks"),
            models.Index(fields=["visibility", "-separated_at"], name="recently_separated_tracks"),
            # Who may see them stands in it as well, so that ten thousand are counted without reading one.
            models.Index(
                fields=["genre_key", "-created_at", "id", "visibility", "owner"], name="tracks_of_a_genre"
            ),
            models.Index(fields=["visibility", "title_key", "id"], name="tracks_by_title"),
            models.Index(fields=["title_key", "id"], name="tracks_of_all_by_title"),
            models.Index(fields=["owner", "visibility", "-created_at", "id"], name="tracks_of_an_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.artist} - {self.title}"

    @property
    def label(self) -> str:
        """Return the name as it is stored in histories, reports and the like."""
        return f"{self.artist.label} - {self.title}"

    def save(self, *args: object, **kwargs: object) -> None:
        self.title_key = sort_key(self.title)[:255]
        self.genre_key = fold(self.genre)[:80]
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    @property
    def picture(self) -> str:
        """Return the storage key of the cover to show: the track's own, else its album's, else nothing."""
        return self.cover or (self.album.cover if self.album else "")

    def may_be_edited_by(self, user: User | AnonymousUser) -> bool:
        """Whether ``user`` owns it, or is a curator."""
        return not user.is_anonymous and (user.pk == self.owner_id or user.has_perm("catalog.change_track"))
