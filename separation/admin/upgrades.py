"""Separate songs again with a better model: the page that begins it, and what the page of models does with it."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from catalog.admin.base import ReadOnly
from catalog.errors import CatalogError
from separation.admin.models import find_or_404
from separation.models import ModelUpgrade
from separation.upgrades import lifecycle, progress

PERMISSION = "separation.change_modelinstallation"


@admin.register(ModelUpgrade)
class ModelUpgradeAdmin(ReadOnly[ModelUpgrade]):
    """What was separated again and when. Whoever may change installations of models may begin and stop it."""

    list_display = ["__str__", "state", "started_by", "started_at", "finished_at"]
    list_select_related = ["started_by"]
    ordering = ["-started_at"]
    fields = ["source_model", "target_model", "state", "remaining", "started_by", "started_at", "finished_at"]

    def get_urls(self) -> list[URLPattern]:
        pages: list[tuple[str, str, Callable[..., HttpResponse]]] = [
            ("start/<str:slug>/", "start", self.start),
            ("<uuid:pk>/stop/", "stop", self.stop),
            ("<uuid:pk>/resume/", "resume", self.resume),
        ]
        own = [
            path(route, self.admin_site.admin_view(view), name=f"separation_modelupgrade_{name}")
            for route, name, view in pages
        ]
        return [*own, *super().get_urls()]

    def start(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show what it would take; begin where that was confirmed."""
        _check(request)
        target = find_or_404(slug)
        if request.method == "POST":
            source, limit = request.POST.get("source", ""), request.POST.get("limit", "").strip()

            def begin() -> tuple[str, str]:
                if limit and not (limit.isdecimal() and 0 < int(limit) < 2**31):
                    raise CatalogError("bad_limit", _("Give a whole number above 0, or leave it empty."))
                lifecycle.start(source, target, request.user, limit=int(limit) if limit else None)  # type: ignore[arg-type]
                return f"songs of {source} are separated again", _("The songs are separated in idle time.")

            return self._act(request, target.slug, begin)
        plans = [progress.plan(source, target) for source in progress.sources(target)]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Separate songs again with %(model)s") % {"model": target.slug},
            "target": target,
            "plans": plans,
        }
        return TemplateResponse(request, "admin/separation/modelupgrade/start.html", context)

    def stop(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Stop it; it can go on later."""
        upgrade = _find(request, pk)

        def stop() -> tuple[str, str]:
            lifecycle.stop(upgrade)
            return f"songs of {upgrade.source_model} are no longer separated again", _("Stopped.")

        return self._posted(request, upgrade, stop)

    def resume(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Go on with what was stopped."""
        upgrade = _find(request, pk)

        def resume() -> tuple[str, str]:
            lifecycle.resume(upgrade)
            return f"songs of {upgrade.source_model} are separated again", _("It goes on.")

        return self._posted(request, upgrade, resume)

    def _posted(
        self, request: HttpRequest, upgrade: ModelUpgrade, act: Callable[[], tuple[str, str]]
    ) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return self._act(request, upgrade.target_model, act)

    def _act(
        self, request: HttpRequest, slug: str, act: Callable[[], tuple[str, str]]
    ) -> HttpResponseRedirect:
        """Do it, record it, say what was done or why not, and go back to the page of models."""
        try:
            entry, sentence = act()
        except CatalogError as error:
            self.message_user(request, str(error.detail), messages.ERROR)
        else:
            self.message_user(request, sentence, messages.SUCCESS)
            LogEntry.objects.create(
                user=request.user,  # type: ignore[misc]  # the admin site has no visitors
                content_type=ContentType.objects.get_for_model(ModelUpgrade),
                object_id=slug,
                object_repr=slug,
                action_flag=CHANGE,
                change_message=entry,
            )
        return HttpResponseRedirect(reverse("admin:separation_modelinstallation_changelist"))


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied


def _find(request: HttpRequest, pk: str) -> ModelUpgrade:
    _check(request)
    return get_object_or_404(ModelUpgrade, pk=pk)
