"""What those who look after the server see of separations: what is going on, what failed and why."""

from typing import TYPE_CHECKING, Any

import django_q.admin  # noqa: F401  # registers its pages, which are taken away below
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_q.models import Failure, OrmQ, Schedule, Success

from separation.ask import cancel, queue_position, requeue
from separation.models import Separation, SeparationRequest, Stem
from separation.reasons import explain

# The queue's own pages unpickle what lies in the database, and offer to run any function by name.
for table in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(table):
        admin.site.unregister(table)


if TYPE_CHECKING:
    Page = admin.ModelAdmin[Any]
    RequestInline = admin.TabularInline[SeparationRequest, Separation]
    StemInline = admin.TabularInline[Stem, Separation]
else:
    Page = admin.ModelAdmin
    RequestInline = StemInline = admin.TabularInline


class ReadOnly(Page):
    """Rows that only the program writes."""

    def has_add_permission(self, request: HttpRequest, *_more: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Requests(RequestInline):
    model = SeparationRequest
    fields = ["user", "track", "created_at"]
    readonly_fields = ["user", "track", "created_at"]
    extra = 0
    can_delete = False

    def has_add_permission(self, *_arguments: Any) -> bool:
        return False


class Stems(StemInline):
    model = Stem
    fields = ["name", "audio"]
    readonly_fields = ["name", "audio"]
    extra = 0
    can_delete = False

    def has_add_permission(self, *_arguments: Any) -> bool:
        return False


@admin.register(Separation)
class SeparationAdmin(ReadOnly):
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
    list_filter = ["status", "model", "error_code", "queued_at"]
    list_select_related = ["mixture"]
    search_fields = ["=id", "mixture__tracks__words", "owner"]
    date_hierarchy = "created_at"
    fields = [
        "song",
        "model",
        "revision",
        "status",
        "done",
        "position",
        "attempts",
        "owner",
        "lease_until",
        "queued_at",
        "rung_at",
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
        return rows.annotate(people=Count("requests", distinct=True)).prefetch_related(
            "mixture__tracks__artist"
        )

    @admin.display(description=_("song"))
    def song(self, row: Separation) -> str:
        return ", ".join(str(track) for track in row.mixture.tracks.all()[:3]) or str(row.mixture)

    @admin.display(description=_("progress"), ordering="progress")
    def done(self, row: Separation) -> str:
        return f"{row.progress:.0%}"

    @admin.display(description=_("wanted by"), ordering="people")
    def wanted(self, row: Any) -> int:
        return int(row.people)

    @admin.display(description=_("place in the queue"))
    def position(self, row: Separation) -> int | None:
        return queue_position(row)

    @admin.display(description=_("reason"))
    def reason(self, row: Separation) -> str:
        return explain(row)

    @admin.action(description=_("Start again from the beginning"), permissions=["manage"])
    def start_again(self, request: HttpRequest, rows: QuerySet[Separation]) -> None:
        count = sum(requeue(row) for row in rows)
        sentence = ngettext("%d separation was queued.", "%d separations were queued.", count)
        self.message_user(request, sentence % count, messages.SUCCESS)

    @admin.action(description=_("Stop, whoever wants it"), permissions=["manage"])
    def stop(self, request: HttpRequest, rows: QuerySet[Separation]) -> None:
        count = sum(cancel(row) for row in rows)
        sentence = ngettext("%d separation was stopped.", "%d separations were stopped.", count)
        self.message_user(request, sentence % count, messages.SUCCESS)

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("separation.change_separation")


@admin.register(SeparationRequest)
class SeparationRequestAdmin(ReadOnly):
    list_display = ["track", "user", "separation", "created_at"]
    list_filter = ["separation__status", "separation__model", "created_at"]
    list_select_related = ["track", "track__artist", "user", "separation"]
    search_fields = ["user__email", "track__words"]
    date_hierarchy = "created_at"


@admin.register(Stem)
class StemAdmin(ReadOnly):
    list_display = ["name", "song", "separation", "duration", "created_at"]
    list_filter = ["name", "separation__model", "created_at"]
    list_select_related = ["separation", "audio"]
    search_fields = ["separation__mixture__tracks__words", "=separation__id"]
    fields = ["name", "song", "separation", "audio", "duration"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stem]:
        rows: QuerySet[Stem] = super().get_queryset(request)
        return rows.prefetch_related("separation__mixture__tracks__artist")

    @admin.display(description=_("song"))
    def song(self, row: Stem) -> str:
        return ", ".join(str(track) for track in row.separation.mixture.tracks.all()[:3])

    @admin.display(description=_("seconds"), ordering="audio__duration")
    def duration(self, row: Stem) -> str:
        return f"{row.audio.duration:.1f}"
