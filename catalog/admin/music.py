"""Artists, albums and tracks in the admin site. Names can be edited, audio cannot.

Tracks are deleted through ``ownership``, so that quotas stay right; garbage collection deletes the files.
"""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog import export
from catalog.admin.base import Inline, Removable, Rows, clock, deletion_summary, excerpt, find_tracks, player
from catalog.curation import history
from catalog.curation.fields import details, different
from catalog.errors import CatalogError
from catalog.models import Album, Artist, Change, Credit, FormerAddress, Track, Visibility
from catalog.normalization import spoken
from catalog.storage.covers import version
from catalog.uploads import ownership

if TYPE_CHECKING:
    Deleted = tuple[list[Any], dict[str, int], set[str], list[str]]


class HistoryAdmin(Rows[Any]):
    """Record each change in the history, where it can be undone."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        form.before = details(self.model._default_manager.get(pk=obj.pk)) if change else None  # noqa: SLF001
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        if form.before is not None:
            before, after = different(form.before, details(form.instance))
            if before:
                history.record(Change.Kind.EDIT, form.instance, cast("User", request.user), before, after)


class Named(HistoryAdmin):
    """Artists or albums: found by the catalogue's search, and kept while a track names them."""

    search_fields = ["key"]
    held_by: tuple[str, ...] = ()

    def matching(self, words: str) -> Q:
        return Q(pk__in=find_tracks(words, self.opts.model_name or ""))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> "Deleted":
        """List what keeps a row from being deleted, without thousands of songs."""
        names, counts, permissions, held = deletion_summary(objs, self.opts.verbose_name_plural)
        for row in objs[:100]:
            for relation in self.held_by:
                held += [f"{row}: {one}" for one in getattr(row, relation).all()[:1]]
        return names, counts, permissions, held


@admin.register(Artist)
class ArtistAdmin(Named):
    list_display = ["shown", "sorted_as", "tracks", "albums", "created_at"]
    fields = ["name", "sort_name", "slug", "created_at"]
    readonly_fields = ["slug", "created_at"]
    counted = {"tracks": (Track, "artist"), "albums": (Album, "artist")}
    held_by = ("tracks", "albums", "credits")

    @admin.display(description=_("name"), ordering="name")
    def shown(self, row: Artist) -> str:
        return row.shown

    @admin.display(description=_("sorted as"), ordering="sort_key")
    def sorted_as(self, row: Artist) -> str:
        return spoken(row.sort_name)

    @admin.display(description=_("tracks"))
    def tracks(self, row: Any) -> int:
        return int(row.n_tracks)

    @admin.display(description=_("albums"))
    def albums(self, row: Any) -> int:
        return int(row.n_albums)


@admin.register(Album)
class AlbumAdmin(Named):
    list_display = ["title", "artist", "year", "compilation", "tracks", "created_at"]
    list_select_related = ["artist"]
    list_filter = ["compilation", "created_at"]
    autocomplete_fields = ["artist"]
    fields = ["title", "artist", "year", "compilation", "created_at"]
    readonly_fields = ["created_at"]
    counted = {"tracks": (Track, "album")}

    @admin.display(description=_("tracks"))
    def tracks(self, row: Any) -> int:
        return int(row.n_tracks)


class Credits(Inline):
    model = Credit
    fields = ["artist", "position"]
    autocomplete_fields = ["artist"]
    extra = 0


@admin.register(Track)
class TrackAdmin(HistoryAdmin):
    list_display = ["title", "artist", "album", "visibility", "owner", "length", "created_at"]
    list_select_related = ["artist", "album", "owner", "audio"]
    list_filter = ["visibility", "created_at"]
    search_fields = ["title_key"]
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
        "brought",
        ("plays", "separated_at", "created_at"),
    ]
    readonly_fields = [
        "visibility",
        "owner",
        "listen",
        "picture",
        "audio",
        "brought",
        "plays",
        "separated_at",
        "created_at",
    ]
    inlines = [Credits]
    actions = ["share", "make_private", "export_csv", "export_json"]
    change_list_template = "admin/tracks.html"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Track]":
        return super().get_queryset(request).select_related("artist", "album__artist", "owner", "audio")

    def matching(self, words: str) -> Q:
        return Q(pk__in=find_tracks(words))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export)
        return [path("export/<str:form>/", view, name="catalog_track_export"), *super().get_urls()]

    def export(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """Send the whole catalogue as a file, as it is read from the database."""
        if not self.has_view_permission(request) or form not in export.FORMS:
            raise PermissionDenied
        return _download(export.everything(), form)

    @admin.action(description=_("Export as CSV"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: "QuerySet[Track]") -> HttpResponseBase:
        return _download(queryset, "csv")

    @admin.action(description=_("Export as JSON"), permissions=["view"])
    def export_json(self, request: HttpRequest, queryset: "QuerySet[Track]") -> HttpResponseBase:
        return _download(queryset, "json")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> "Deleted":
        """Leave out the uploads, which are deleted as well: each would take a query."""
        return deletion_summary(objs, _("tracks"))

    def delete_model(self, request: HttpRequest, obj: Track) -> None:
        ownership.remove(obj)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Track]") -> None:
        for track in queryset.iterator(chunk_size=500):
            ownership.remove(track)

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
                ownership.change_visibility(track, visibility)
            except CatalogError as error:
                self.message_user(request, f"{track}: {error.detail}", messages.ERROR)

    @admin.display(description=_("length"))
    def length(self, row: Track) -> str:
        return clock(row.audio.duration)

    @admin.display(description=_("listen"))
    def listen(self, row: Track) -> SafeString:
        return player(row.audio)

    @admin.display(description=_("added by"))
    def brought(self, row: Track) -> SafeString:
        uploads = row.uploads.select_related("user").order_by("created_at")[:10]
        names = [f"{one.user or '-'}: {one.filename}" for one in uploads]
        return excerpt(names, reverse("admin:catalog_upload_changelist") + f"?track__id__exact={row.pk}")

    @admin.display(description=_("cover"))
    def picture(self, row: Track) -> SafeString | str:
        if not row.picture or row.visibility == Visibility.PRIVATE:
            return "-"
        address = reverse("track-cover", args=[row.pk])
        return format_html(
            '<img src="{}?v={}" alt="" width="120" height="120">', address, version(row.picture)
        )


@admin.register(FormerAddress)
class FormerAddressAdmin(Removable[FormerAddress]):
    list_display = ["old", "kind", "target", "created_at"]
    list_filter = ["kind"]
    search_fields = ["=old"]
    ordering = ["-pk"]


def _download(tracks: "QuerySet[Track]", form: str) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(
        export.export(tracks, form), content_type=f"{export.FORMS[form]}; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="catalogue.{form}"'
    answer["Cache-Control"] = "no-store"
    return answer
