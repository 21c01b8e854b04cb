"""What those who look after the server see of separations: what is going on, what failed and why."""

from typing import TYPE_CHECKING, Any

import django_q.admin  # noqa: F401  # registers its pages, which are taken away below
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_q.models import Failure, OrmQ, Schedule, Success

from catalog.admin.base import Inline, ReadOnly, Removable, as_id, find_accounts, find_audio, find_tracks
from catalog.errors import CatalogError
from separation import import_runs
from separation.engines import modelspec
from separation.error_messages import explain
from separation.models import ImportRun, Rating, Separation, SeparationRequest, Status, Stem
from separation.queue.requests import cancel, queue_position, requeue

# The queue's own pages unpickle what lies in the database, and offer to run any function by name.
for table in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(table):
        admin.site.unregister(table)


if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[ImportRun]
else:  # Django's own class takes no parameter
    _ModelForm = forms.ModelForm

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
        "crashes",
        "retry_at",
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
    def start_again(self, request: HttpRequest, rows: QuerySet[Separation]) -> TemplateResponse | None:
        """Ask first where the work is done already."""
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
        self.message_user(request, sentence % count, messages.SUCCESS)
        return None

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
            return queryset.filter(user__in=find_accounts(search_term)), False
        return queryset.filter(track__in=find_tracks(search_term)), False


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


@admin.register(Rating)
class RatingAdmin(Removable[Rating]):
    list_display = ["separation", "stem", "score", "user", "created_at"]
    list_filter = ["score", "created_at"]
    list_select_related = ["separation", "stem", "user"]
    search_fields = ["pk"]
    search_help_text = _("An account's address.")
    raw_id_fields = ["separation", "stem"]
    ordering = ["-created_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Rating], search_term: str
    ) -> tuple[QuerySet[Rating], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(user__in=find_accounts(search_term)), False


class ImportForm(_ModelForm):
    """A folder of this server, and what becomes of the songs in it."""

    model = forms.ChoiceField(label=_("Take them apart with"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "model" not in self.fields:  # looked at, not asked for
            return
        ready = [
            slug
            for slug, spec in modelspec.SPECS.items()
            if modelspec.is_available(spec, settings.MODELS_DIR)
        ]
        self.fields["model"].choices = [("", _("nothing yet")), *((slug, slug) for slug in ready)]  # type: ignore[attr-defined]

    def clean_folder(self) -> str:
        try:
            return str(import_runs.check_folder(self.cleaned_data["folder"]))
        except CatalogError as error:
            raise forms.ValidationError(str(error.detail), code=error.code) from error


@admin.register(ImportRun)
class ImportRunAdmin(Removable[ImportRun]):
    """Music that lies on the server already. For administrators alone: they say which folder is read."""

    form = ImportForm
    list_display = ["folder", "state", "new", "known", "unchanged", "refused", "owner", "created_at"]
    list_select_related = ["owner"]
    list_filter = ["state"]
    ordering = ["-created_at"]
    autocomplete_fields = ["owner"]
    fields = ["folder", "owner", "visibility", "model"]
    told = ["state", "new", "known", "unchanged", "refused", "remark", "started_at", "finished_at", "reasons"]
    actions = ["stop", "start_again"]

    def has_add_permission(self, request: HttpRequest, *_more: Any) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request) and (obj is None or obj.is_finished)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.fields, *self.told] if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj) if obj else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": request.user.pk, **super().get_changeform_initial_data(request)}

    def response_add(self, request: HttpRequest, obj: ImportRun, *_more: Any) -> HttpResponseRedirect:
        self.message_user(request, _("The import begins within half a minute."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:separation_importrun_change", args=[obj.pk]))

    @admin.display(description=_("remark"))
    def remark(self, row: ImportRun) -> str:
        if row.state == ImportRun.State.FAILED and not row.detail:
            return str(_("It broke off. Start it again: it goes on where it was."))
        return row.detail or "-"

    @admin.display(description=_("refused files"))
    def reasons(self, row: ImportRun) -> SafeString | str:
        lines = [(path, detail or code) for path, code, detail in row.refusals]
        if not lines:
            return "-"
        more = row.refused - len(lines)
        last = format_html("<li>{}</li>", _("and %(n)d more") % {"n": more}) if more else ""
        return format_html("<ul>{}{}</ul>", format_html_join("", "<li>{}: {}</li>", lines), last)

    @admin.action(description=_("Stop"), permissions=["add"])
    def stop(self, request: HttpRequest, rows: QuerySet[ImportRun]) -> None:
        for row in rows:
            import_runs.stop(row)
        self.message_user(request, _("They end after the files they are at."), messages.SUCCESS)

    @admin.action(description=_("Start again; what was taken in is passed over"), permissions=["add"])
    def start_again(self, request: HttpRequest, rows: QuerySet[ImportRun]) -> None:
        count = sum(import_runs.start_again(row) for row in rows)
        sentence = ngettext("%d import waits its turn.", "%d imports wait their turn.", count)
        self.message_user(request, sentence % count, messages.SUCCESS)


def _found(rows: QuerySet[Any], words: str, separation: str, mixture: str) -> QuerySet[Any]:
    """Those of one separation by its id, else those of the songs that the words find."""
    if not words.strip():
        return rows
    if (pk := as_id(words)) is not None:
        return rows.filter(**{separation: pk})
    return rows.filter(**{f"{mixture}__in": find_audio(words)})
