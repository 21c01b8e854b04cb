"""What those who look after the server see of separations: what is going on, what failed and why."""

from typing import Any

import django_q.admin  # noqa: F401  # registers its pages, which are taken away below
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_q.models import Failure, OrmQ, Schedule, Success

from catalog.admin.base import Inline, ReadOnly, as_id, audio_found, people_found, tracks_found
from separation.ask import cancel, queue_position, requeue
from separation.engines import modelspec
from separation.models import Separation, SeparationRequest, Stem
from separation.reasons import explain

# The queue's own pages unpickle what lies in the database, and offer to run any function by name.
for table in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(table):
        admin.site.unregister(table)


SEARCH_HELP = _("Words of a song, or the id of a separation.")


class ByModel(admin.SimpleListFilter):
    """Separations by model, without looking through all of them for their models."""

    title = _("model")
    parameter_name = "model"

    def lookups(self, *_arguments: Any) -> list[tuple[str, str]]:
        return [(slug, slug) for slug in modelspec.SPECS]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(model=self.value()) if self.value() else queryset


class Requests(Inline):
    model = SeparationRequest
    fields = ["user", "track", "created_at"]
    readonly_fields = ["user", "track", "created_at"]
    extra = 0
    can_delete = False

    def has_add_permission(self, *_arguments: Any) -> bool:
        return False


class Stems(Inline):
    model = Stem
    fields = ["name", "audio"]
    readonly_fields = ["name", "audio"]
    extra = 0
    can_delete = False

    def has_add_permission(self, *_arguments: Any) -> bool:
        return False


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
        return rows.prefetch_related("mixture__tracks__artist")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Separation], search_term: str
    ) -> tuple[QuerySet[Separation], bool]:
        return _found(queryset, search_term, "pk", "mixture"), False

    @admin.display(description=_("song"))
    def song(self, row: Separation) -> str:
        return ", ".join(str(track) for track in row.mixture.tracks.all()[:3]) or str(row.mixture)

    @admin.display(description=_("progress"))
    def done(self, row: Separation) -> str:
        return f"{row.progress:.0%}"

    @admin.display(description=_("wanted by"))
    def wanted(self, row: Any) -> int:
        return int(row.n_requests)

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
class SeparationRequestAdmin(ReadOnly[SeparationRequest]):
    list_display = ["track", "user", "separation", "created_at"]
    list_filter = ["created_at"]
    list_select_related = ["track", "track__artist", "user", "separation"]
    search_fields = ["pk"]
    search_help_text = _("Words of a song, or an account's address.")
    raw_id_fields = ["separation", "track"]
    ordering = ["-created_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SeparationRequest], search_term: str
    ) -> tuple[QuerySet[SeparationRequest], bool]:
        if not search_term.strip():
            return queryset, False
        if "@" in search_term:
            return queryset.filter(user__in=people_found(search_term)), False
        return queryset.filter(track__in=tracks_found(search_term)), False


@admin.register(Stem)
class StemAdmin(ReadOnly[Stem]):
    list_display = ["name", "song", "separation", "duration", "created_at"]
    list_filter = ["created_at"]
    list_select_related = ["separation", "audio"]
    search_fields = ["pk"]
    search_help_text = SEARCH_HELP
    raw_id_fields = ["separation", "audio"]
    ordering = ["-created_at"]
    fields = ["name", "song", "separation", "audio", "duration"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stem]:
        rows: QuerySet[Stem] = super().get_queryset(request)
        return rows.defer("peaks").prefetch_related("separation__mixture__tracks__artist")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Stem], search_term: str
    ) -> tuple[QuerySet[Stem], bool]:
        return _found(queryset, search_term, "separation", "separation__mixture"), False

    @admin.display(description=_("song"))
    def song(self, row: Stem) -> str:
        return ", ".join(str(track) for track in row.separation.mixture.tracks.all()[:3])

    @admin.display(description=_("seconds"))
    def duration(self, row: Stem) -> str:
        return f"{row.audio.duration:.1f}"


def _found(rows: QuerySet[Any], words: str, separation: str, mixture: str) -> QuerySet[Any]:
    """Those of one separation by its id, else those of the songs that the words find."""
    if not words.strip():
        return rows
    if (pk := as_id(words)) is not None:
        return rows.filter(**{separation: pk})
    return rows.filter(**{f"{mixture}__in": audio_found(words)})
