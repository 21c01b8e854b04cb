"""Separations in the admin site: what is waiting and running, what failed and why; start again and stop."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from catalog.admin.base import ReadOnly, ReadOnlyInline
from separation.admin.search import SEARCH_HELP, matching
from separation.engines import modelspec
from separation.error_messages import explain
from separation.lifecycle import cancel, requeue
from separation.models import Separation, SeparationRequest, Status, Stem
from separation.queue.forecast import forecast


class ByModel(admin.SimpleListFilter):
    """Filters by model without scanning the table for the models in use."""

    title = _("model")
    parameter_name = "model"

    def lookups(self, *_arguments: Any) -> list[tuple[str, str]]:
        return [(slug, slug) for slug in modelspec.SPECS]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(model=self.value()) if self.value() else queryset


class Requests(ReadOnlyInline):
    model = SeparationRequest
    fields = readonly_fields = ("user", "track", "created_at")
    related = ("user", "track__artist")


class Stems(ReadOnlyInline):
    model = Stem
    fields = readonly_fields = ("name", "audio")
    related = ("audio",)


@admin.register(Separation)
class SeparationAdmin(ReadOnly[Separation]):
    list_display = [
        "song",
        "model",
        "status",
        "done",
        "attempts",
        "wanted",
        "queued_at",
        "finished_at",
        "reason",
    ]
    list_filter = ["status", ByModel, "queued_at"]
    list_select_related = ["mixture"]
    search_fields = ["pk"]
    search_help_text = SEARCH_HELP
    raw_id_fields = ["mixture"]
    counted = {"requests": (SeparationRequest, "separation")}
    fields = [
        "song",
        "model",
        "revision",
        "status",
        "done",
        "position",
        "attempts",
        "crashes",
        "retry_at",
        "owner",
        "lease_until",
        "queued_at",
        "task_sent_at",
        "started_at",
        "finished_at",
        "gain",
        "reason",
        "error_detail",
    ]
    inlines = [Stems, Requests]
    actions = ["start_again", "stop"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Separation]:
        rows: QuerySet[Separation] = super().get_queryset(request)
        return rows.prefetch_related("mixture__tracks__artist", "track_separations__track__artist")

    def matching(self, words: str) -> Q:
        return matching(words, "pk")

    @admin.display(description=_("song"))
    def song(self, row: Separation) -> str:
        of_stem = [shown.track for shown in row.track_separations.all()]
        tracks = [*row.mixture.tracks.all()] or of_stem
        return ", ".join(str(track) for track in tracks[:3]) or str(row.mixture)

    @admin.display(description=_("progress"))
    def done(self, row: Separation) -> str:
        return f"{row.progress:.0%}"

    @admin.display(description=_("wanted by"))
    def wanted(self, row: Any) -> int:
        return int(row.n_requests)

    @admin.display(description=_("place in the queue"))
    def position(self, row: Separation) -> int | None:
        return forecast(row).queue_position

    @admin.display(description=_("reason"))
    def reason(self, row: Separation) -> str:
        return explain(row)

    @admin.action(description=_("Start again from the beginning"), permissions=["manage"])
    def start_again(self, request: HttpRequest, rows: QuerySet[Separation]) -> TemplateResponse | None:
        """Ask for confirmation where some have succeeded already."""
        finished = [row for row in rows if row.status == Status.SUCCEEDED]
        if finished and "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Make these separations again?"),
                "opts": self.opts,
                "finished": finished,
                "chosen": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
                "checkbox": helpers.ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/separation/separation/start_again.html", context)
        count = sum(requeue(row) for row in rows)
        sentence = ngettext("%d separation was queued.", "%d separations were queued.", count)
        self.message_user(request, sentence % count, messages.SUCCESS if count else messages.WARNING)
        return None

    @admin.action(description=_("Stop for everybody"), permissions=["manage"])
    def stop(self, request: HttpRequest, rows: QuerySet[Separation]) -> None:
        if not (count := sum(cancel(row) for row in rows)):
            self.message_user(request, _("None of these was waiting or running."), messages.WARNING)
            return
        sentence = ngettext("%d separation was stopped.", "%d separations were stopped.", count)
        self.message_user(request, sentence % count, messages.SUCCESS)

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("separation.change_separation")
