"""Moderation in the admin site: reports, the history of changes, blocked recordings."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import flatten
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.current_user import account
from catalog.admin.base import ReadOnly, Removable, as_id, find_accounts, find_tracks
from catalog.curation import history
from catalog.curation.reports import close
from catalog.curation.takedowns import may_take_down, take_down
from catalog.errors import CatalogError
from catalog.models import Block, Change, Report

Outcome = Report.Outcome


@admin.register(Report)
class ReportAdmin(ReadOnly[Report]):
    """The queue of reports. The actions answer them; whoever reported is notified."""

    list_display = ["label", "reason", "text_excerpt", "outcome", "user", "created_at", "page"]
    list_select_related = ["user"]
    list_filter = ["outcome", "reason"]
    ordering = ["-created_at"]
    search_fields = ["pk"]
    search_help_text = _("Words of a song, or an account's address.")
    fields = ["label", "page", "reason", "text", "user", "created_at", ("outcome", "closed_by", "closed_at")]
    readonly_fields = flatten(fields)
    actions = ["mark_fixed", "refuse", "take_down"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.change_report")

    def has_takedown_permission(self, request: HttpRequest) -> bool:
        return may_take_down(account(request))

    def matching(self, words: str) -> Q:
        wanted = Q(track__in=find_tracks(words))
        return wanted | Q(user__in=find_accounts(words)) if "@" in words else wanted

    @admin.action(description=_("Mark as fixed"), permissions=["change"])
    def mark_fixed(self, request: HttpRequest, queryset: "QuerySet[Report]") -> None:
        self._close(request, queryset, Outcome.DONE)

    @admin.action(description=_("No action needed"), permissions=["change"])
    def refuse(self, request: HttpRequest, queryset: "QuerySet[Report]") -> None:
        self._close(request, queryset, Outcome.REFUSED)

    def _close(self, request: HttpRequest, rows: "QuerySet[Report]", outcome: Report.Outcome) -> None:
        rows = rows.select_related("user", "track__artist")
        answered = sum(close(row, outcome, account(request)) for row in rows)
        words = ngettext("%(n)d report was answered.", "%(n)d reports were answered.", answered)
        self.message_user(request, words % {"n": answered})

    @admin.action(description=_("Take the song down"), permissions=["takedown"])
    def take_down(self, request: HttpRequest, queryset: "QuerySet[Report]") -> TemplateResponse | None:
        """Ask for confirmation, then take down: it cannot be undone."""
        rows = list(
            queryset.select_related("track__artist", "track__album", "track__audio").exclude(track=None)
        )
        tracks = {row.track.pk: row.track for row in rows if row.track is not None}
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Take these songs down?"),
                "opts": self.opts,
                "tracks": list(tracks.values()),
                "chosen": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
                "checkbox": helpers.ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/catalog/report/take_down.html", context)
        done = 0
        for track in tracks.values():
            try:
                take_down(track, account(request), request.POST.get("reason", ""))
            except CatalogError as error:
                self.message_user(request, f"{track}: {error.detail}", messages.ERROR)
            else:
                done += 1
        words = ngettext("%(n)d song was taken down.", "%(n)d songs were taken down.", done)
        self.message_user(request, words % {"n": done})
        return None

    @admin.display(description=_("what is wrong"))
    def text_excerpt(self, row: Report) -> str:
        return row.text[:120]

    @admin.display(description=_("track"))
    def page(self, row: Report) -> SafeString | str:
        if row.track_id is None:
            return "-"
        return format_html('<a href="{}">{}</a>', reverse("track", args=[row.track_id]), _("to the song"))


@admin.register(Change)
class ChangeAdmin(ReadOnly[Change]):
    """The history of the shared catalogue."""

    list_display = ["label", "target", "what", "actor", "created_at"]
    list_select_related = ["actor"]
    list_filter = ["kind", "target"]
    ordering = ["-created_at"]
    search_fields = ["target_id"]
    search_help_text = _("The id of an artist, album or track, or an account's address.")
    fields = ["label", "target", "target_id", "what", "actor", "created_at"]
    readonly_fields = flatten(fields)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Change]":
        return super().get_queryset(request).filter(private_to=None)

    def matching(self, words: str) -> Q:
        if "@" in words:
            return Q(actor__in=find_accounts(words))
        wanted = as_id(words)
        return Q(target_id=wanted) if wanted else Q(pk__in=[])

    @admin.display(description=_("what"))
    def what(self, row: Change) -> str:
        return history.sentence(row)


@admin.register(Block)
class BlockAdmin(Removable[Block]):
    """Recordings that were taken down. Deleting a row allows the recording to be added again."""

    list_display = ["label", "reason", "actor", "recognised", "created_at"]
    list_select_related = ["actor"]
    ordering = ["-created_at"]
    search_fields = ["label", "reason", "audio_digest__startswith"]
    fields = ["label", "reason", "audio_digest", "recognised", "duration", "actor", "created_at"]
    readonly_fields = flatten(fields)
    actions = ["lift"]

    @admin.action(description=_("Unblock"), permissions=["delete"])
    def lift(self, request: HttpRequest, queryset: "QuerySet[Block]") -> None:
        queryset.delete()
        self.message_user(request, _("The recording can be added again."))

    @admin.display(description=_("in other encodings too"), boolean=True)
    def recognised(self, row: Block) -> bool:
        return bool(row.values)
