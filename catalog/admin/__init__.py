"""The catalogue for those who look after it.

Names are edited here; audio is not, and whatever is deleted goes through the claims, so that quotas stay right. Files
follow with the collector.
"""

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from catalog import claims, serving
from catalog.covers import version
from catalog.errors import CatalogError
from catalog.models import Album, Artist, AudioFile, Rendition, Track, Upload, Visibility

M = TypeVar("M", bound=Model)

if TYPE_CHECKING:
    Rows = admin.ModelAdmin[M]
    Inline = admin.TabularInline[Upload, Track]
else:  # Django's own classes take no parameters

    class Rows(admin.ModelAdmin):
        def __class_getitem__(cls, _item: object) -> type:
            return cls

    Inline = admin.TabularInline


def clock(seconds: float) -> str:
    """``"3:07"`` or ``"1:02:09"``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def player(audio: AudioFile) -> SafeString:
    """Something to listen with, which loads nothing before it is asked to."""
    address = reverse("admin:catalog_audiofile_listen", args=[audio.pk])
    return format_html('<audio controls preload="none" src="{}"></audio>', address)


@admin.register(Artist)
class ArtistAdmin(Rows[Artist]):
    list_display = ["name", "tracks", "albums", "created_at"]
    search_fields = ["key"]
    readonly_fields = ["slug", "created_at"]
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Artist]":
        counts = {name: Count(name, distinct=True) for name in ("tracks", "albums")}
        return (
            super().get_queryset(request).annotate(**{f"n_{name}": count for name, count in counts.items()})
        )

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Artist]", search_term: str
    ) -> "tuple[QuerySet[Artist], bool]":
        return _found(queryset, search_term), False

    def save_model(self, request: HttpRequest, obj: Artist, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        obj.tracks.all().refresh_words()

    @admin.display(description=_("tracks"), ordering="n_tracks")
    def tracks(self, row: Artist) -> int:
        return row.n_tracks  # type: ignore[attr-defined,no-any-return]  # annotated above

    @admin.display(description=_("albums"), ordering="n_albums")
    def albums(self, row: Artist) -> int:
        return row.n_albums  # type: ignore[attr-defined,no-any-return]  # annotated above


@admin.register(Album)
class AlbumAdmin(Rows[Album]):
    list_display = ["title", "artist", "year", "tracks", "created_at"]
    list_select_related = ["artist"]
    list_filter = ["year"]
    search_fields = ["key"]
    autocomplete_fields = ["artist"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Album]":
        return super().get_queryset(request).annotate(n_tracks=Count("tracks"))

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Album]", search_term: str
    ) -> "tuple[QuerySet[Album], bool]":
        return _found(queryset, search_term), False

    def save_model(self, request: HttpRequest, obj: Album, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        obj.tracks.all().refresh_words()

    @admin.display(description=_("tracks"), ordering="n_tracks")
    def tracks(self, row: Album) -> int:
        return row.n_tracks  # type: ignore[attr-defined,no-any-return]  # annotated above


class UploadsInline(Inline):
    model = Upload
    fields = ["filename", "user", "size", "charged", "created_at"]
    readonly_fields = ("filename", "user", "size", "charged", "created_at")
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Upload]":
        return super().get_queryset(request).select_related("user")

    def has_add_permission(self, request: HttpRequest, obj: Track | None = None) -> bool:
        return False


@admin.register(Track)
class TrackAdmin(Rows[Track]):
    list_display = ["title", "artist", "album", "visibility", "owner", "length", "created_at"]
    list_select_related = ["artist", "album", "owner", "audio"]
    list_filter = ["visibility", ("year", admin.AllValuesFieldListFilter), "created_at"]
    search_fields = ["words"]
    autocomplete_fields = ["artist", "album"]
    fields = [
        "title",
        "artist",
        "album",
        ("disc_number", "track_number"),
        ("genre", "year"),
        ("visibility", "owner"),
        ("listen", "picture"),
        "audio",
        "created_at",
    ]
    readonly_fields = ["visibility", "owner", "listen", "picture", "audio", "created_at"]
    inlines = [UploadsInline]
    actions = ["share", "make_private"]
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Track]":
        return super().get_queryset(request).select_related("artist", "album__artist", "owner", "audio")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Track]", search_term: str
    ) -> "tuple[QuerySet[Track], bool]":
        return _found(queryset, search_term), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Uploads go along and are nobody's to protect; listing them all would take a query for each."""
        rows = list(objs)
        return [str(row) for row in rows], {str(_("tracks")): len(rows)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Track) -> None:
        claims.remove(obj)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Track]") -> None:
        for track in queryset:
            claims.remove(track)

    @admin.action(description=_("Share with everybody"), permissions=["change"])
    def share(self, request: HttpRequest, queryset: "QuerySet[Track]") -> None:
        self._change_visibility(request, queryset, Visibility.SHARED)

    @admin.action(description=_("Make private"), permissions=["change"])
    def make_private(self, request: HttpRequest, queryset: "QuerySet[Track]") -> None:
        self._change_visibility(request, queryset, Visibility.PRIVATE)

    def _change_visibility(
        self, request: HttpRequest, queryset: "QuerySet[Track]", visibility: Visibility
    ) -> None:
        for track in queryset:
            try:
                claims.change_visibility(track, visibility)
            except CatalogError as error:
                self.message_user(request, f"{track}: {error.detail}", messages.ERROR)

    @admin.display(description=_("length"), ordering="audio__duration")
    def length(self, row: Track) -> str:
        return clock(row.audio.duration)

    @admin.display(description=_("listen"))
    def listen(self, row: Track) -> SafeString:
        return player(row.audio)

    @admin.display(description=_("cover"))
    def picture(self, row: Track) -> SafeString | str:
        if not row.picture or row.visibility == Visibility.PRIVATE:
            return "-"
        address = reverse("track-cover", args=[row.pk])
        return format_html(
            '<img src="{}?v={}" alt="" width="120" height="120">', address, version(row.picture)
        )


class ReadOnly(Rows[M]):
    """Rows that only the flows write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


@admin.register(AudioFile)
class AudioFileAdmin(ReadOnly[AudioFile]):
    list_display = [
        "short_digest",
        "codec",
        "container",
        "sample_rate",
        "channels",
        "length",
        "bytes",
        "created_at",
    ]
    list_filter = ["codec", "lossless", "sample_rate", "channels"]
    search_fields = ["audio_digest__startswith", "checksum__startswith", "key"]
    search_help_text = _("The beginning of a digest or a checksum, or a part of a storage key.")
    fields = [
        "listen",
        "audio_digest",
        "checksum",
        "key",
        ("container", "codec", "lossless"),
        ("sample_rate", "channels", "bits"),
        ("samples", "frames", "duration", "peak"),
        "size",
        "created_at",
    ]
    readonly_fields = ["listen"]
    date_hierarchy = "created_at"

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<uuid:pk>/listen/",
            self.admin_site.admin_view(self.send),
            name="catalog_audiofile_listen",
        )
        return [address, *super().get_urls()]

    def send(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The stored bytes, as some kind of audio and nothing else."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        audio = get_object_or_404(AudioFile, pk=pk)
        try:
            return serving.serve(
                request,
                audio.key,
                filename=audio.key.rpartition("/")[2],
                content_type=serving.CONTAINER_TYPES.get(audio.container, "audio/mpeg"),
                checksum=audio.checksum,
                size=audio.size,
                redirect=False,
            )
        except CatalogError as error:
            return serving.plain(error)

    @admin.display(description=_("audio"), ordering="audio_digest")
    def short_digest(self, row: AudioFile) -> str:
        return row.audio_digest[:12]

    @admin.display(description=_("length"), ordering="duration")
    def length(self, row: AudioFile) -> str:
        return clock(row.duration)

    @admin.display(description=_("size"), ordering="size")
    def bytes(self, row: AudioFile) -> str:
        return filesizeformat(row.size)

    @admin.display(description=_("listen"))
    def listen(self, row: AudioFile) -> SafeString:
        return player(row)


@admin.register(Upload)
class UploadAdmin(ReadOnly[Upload]):
    list_display = ["filename", "user", "track", "size", "charged", "created_at"]
    list_select_related = ["user", "track__artist"]
    list_filter = ["created_at"]
    search_fields = ["filename", "user__email", "checksum__startswith"]
    date_hierarchy = "created_at"


@admin.register(Rendition)
class RenditionAdmin(ReadOnly[Rendition]):
    """These may be deleted: they are made again when somebody asks."""

    list_display = ["__str__", "audio", "size", "created_at"]
    list_select_related = ["audio"]
    list_filter = ["codec", "bitrate"]
    search_fields = ["audio__audio_digest__startswith", "key"]
    raw_id_fields = ["audio"]
    date_hierarchy = "created_at"

    def has_delete_permission(self, request: HttpRequest, obj: Rendition | None = None) -> bool:
        return request.user.has_perm("catalog.delete_rendition")


def _found(queryset: Any, words: str) -> Any:
    """The catalogue's own search: neither case, nor accents, nor punctuation matter."""
    return queryset.search(words) if words.strip() else queryset
