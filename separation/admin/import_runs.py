"""Imports of folders in the admin site: ask for one, see its progress, stop it, start it again."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from catalog.admin.base import Removable
from catalog.errors import CatalogError
from separation import import_runs
from separation.engines import model_files, modelspec
from separation.models import ImportRun

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[ImportRun]
else:  # Django's own class takes no parameter
    _ModelForm = forms.ModelForm


class ImportForm(_ModelForm):
    """A folder of this server, and the model that separates its songs."""

    model = forms.ChoiceField(label=_("Model"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "model" not in self.fields:  # the page of an existing run
            return
        ready = [
            slug
            for slug, spec in modelspec.SPECS.items()
            if model_files.is_available(spec, settings.MODELS_DIR)
        ]
        self.fields["model"].choices = [("", _("No separation")), *((slug, slug) for slug in ready)]  # type: ignore[attr-defined]

    def clean_folder(self) -> str:
        try:
            return str(import_runs.check_folder(self.cleaned_data["folder"]))
        except CatalogError as error:
            raise forms.ValidationError(str(error.detail), code=error.code) from error


@admin.register(ImportRun)
class ImportRunAdmin(Removable[ImportRun]):
    """Imports of folders on the server, for superusers only, since they choose which folder is read."""

    form = ImportForm
    list_display = ["folder", "state", "new", "known", "unchanged", "refused", "owner", "created_at"]
    list_select_related = ["owner"]
    list_filter = ["state"]
    ordering = ["-created_at"]
    autocomplete_fields = ["owner"]
    fields = ["folder", "owner", "visibility", "model"]
    progress = [
        "state",
        "new",
        "known",
        "unchanged",
        "refused",
        "remark",
        "started_at",
        "finished_at",
        "reasons",
    ]
    actions = ["stop", "start_again"]

    def has_add_permission(self, request: HttpRequest, *_more: Any) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request) and (obj is None or obj.is_finished)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.fields, *self.progress] if obj else self.fields

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
            return str(_("It failed. Start it again: it continues where it stopped."))
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
        if sum(import_runs.stop(row) for row in rows):
            self.message_user(request, _("They stop after the current files."), messages.SUCCESS)
        else:
            self.message_user(request, _("None of these was waiting or running."), messages.WARNING)

    @admin.action(description=_("Start again; files already imported are skipped"), permissions=["add"])
    def start_again(self, request: HttpRequest, rows: QuerySet[ImportRun]) -> None:
        count = sum(import_runs.start_again(row) for row in rows)
        sentence = ngettext("%d import waits its turn.", "%d imports wait their turn.", count)
        self.message_user(request, sentence % count, messages.SUCCESS if count else messages.WARNING)
