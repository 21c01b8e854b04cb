"""The page of models in the admin site: what each is, and install, cancel, remove, make default."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from catalog.admin.base import ReadOnly
from catalog.errors import CatalogError
from catalog.uploads.policy import UploadPolicy, accepts
from separation.engines import download, model_files, modelspec
from separation.engines.descriptors import ModelSpec
from separation.installations import facts, own_models, requests
from separation.models import ModelInstallation
from separation.upgrades.lifecycle import current
from separation.upgrades.progress import progress

PERMISSION = "separation.change_modelinstallation"
MODEL_FILE = UploadPolicy(lambda: 4_000_000_000, counted=False, permission=PERMISSION)
DESCRIPTOR = UploadPolicy(lambda: 100_000, counted=False, permission=PERMISSION)


@admin.register(ModelInstallation)
class ModelInstallationAdmin(ReadOnly[ModelInstallation]):
    """All models, whether or not there is a row. Who may change installations may do all but choose a folder."""

    def get_urls(self) -> list[URLPattern]:
        pages: list[tuple[str, str, Callable[..., HttpResponse]]] = [
            ("", "changelist", self.changelist_view),
            ("dismiss/", "dismiss", self.dismiss),
            ("descriptors/add/", "add_descriptor", self.add_descriptor),
            ("descriptors/remove/", "remove_descriptor", self.remove_descriptor),
            ("<str:slug>/install/", "install", self.install),
            ("<str:slug>/upload/", "upload", self.upload),
            ("<str:slug>/cancel/", "cancel", self.cancel),
            ("<str:slug>/remove/", "remove", self.remove),
            ("<str:slug>/default/", "default", self.make_default),
        ]
        return [
            path(route, self.admin_site.admin_view(view), name=f"separation_modelinstallation_{name}")
            for route, name, view in pages
        ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_manage_permission(request)

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """Show all models."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(
            request,
            "list",
            title=_("Models"),
            groups=facts.groups(),
            scale=facts.SCALE,
            upgrade=progress(last) if (last := current()) else None,
            may_change=self.has_manage_permission(request),
            may_add=request.user.is_superuser,
            wrong=modelspec.SPECS.wrong,
        )

    @accepts(DESCRIPTOR)
    def add_descriptor(self, request: HttpRequest) -> HttpResponse:
        """Take the descriptor of a model of the administrator's own; go on to its installation."""
        if not request.user.is_superuser:  # it may name addresses that this server shall fetch from
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            file = _sent_file(request)
            spec = own_models.add(file.name or "", file.read())
        except CatalogError as error:
            self.message_user(request, str(error.detail), messages.ERROR)
            return HttpResponseRedirect(f"{_address('changelist')}#own")
        self._log(request, spec, "descriptor added")
        sentence = _("The model %(model)s is known now. Add its files, or have them fetched.")
        self.message_user(request, sentence % {"model": spec.slug}, messages.SUCCESS)
        is_installed = model_files.is_available(spec, settings.MODELS_DIR)
        return HttpResponseRedirect(
            f"{_address('changelist')}#{spec.slug}" if is_installed else _address("install", spec)
        )

    def remove_descriptor(self, request: HttpRequest) -> HttpResponse:
        """Forget a model of the administrator's own that is not installed, or a descriptor that is wrong."""
        if not request.user.is_superuser:
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        name = request.POST.get("name", "")
        try:
            own_models.remove(name)
        except CatalogError as error:
            self.message_user(request, str(error.detail), messages.ERROR)
        else:
            self._log(request, name, "descriptor removed")
            self.message_user(
                request, _("The descriptor %(name)s was removed.") % {"name": name}, messages.SUCCESS
            )
        return HttpResponseRedirect(_address("changelist"))

    def install(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show the licence and the ways to install; install where it was accepted."""
        spec = self._spec(request, slug)
        if request.method == "POST":
            return self._act(request, spec, self._install)
        return self._page(
            request,
            "install",
            title=_("Install %(model)s") % {"model": spec.slug},
            card=facts.card(spec),
            mirror=settings.MODELS_SOURCE,
            may_name_folder=request.user.is_superuser,
            here=sorted(download.uploaded(spec, settings.MODELS_DIR)),
        )

    def _install(self, request: HttpRequest, spec: ModelSpec) -> str:
        source = request.POST.get("source", "").strip()
        if source and not request.user.is_superuser:
            raise PermissionDenied
        requests.install(spec, request.user, source=source, accepted=_accepted(request))  # type: ignore[arg-type]
        self._log(request, spec, f"licence accepted, installation from {source or 'the default source'}")
        return _("The installation of %(model)s begins.") % {"model": spec.slug}

    @accepts(MODEL_FILE)
    def upload(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Take one file of a model; install it when all are there."""
        spec = self._spec(request, slug)
        if request.method != "POST":
            return HttpResponseRedirect(_address("install", spec))
        return self._act(request, spec, self._receive)

    def _receive(self, request: HttpRequest, spec: ModelSpec) -> str:
        if not _accepted(request):
            raise requests.licence_not_accepted()
        file = _sent_file(request)
        missing = requests.receive(spec, file)
        if missing:
            return _("The file %(name)s is here. Still missing: %(names)s") % {
                "name": file.name,
                "names": ", ".join(sorted(missing)),
            }
        requests.install(spec, request.user, source=download.UPLOADED, accepted=True)  # type: ignore[arg-type]
        self._log(request, spec, "licence accepted, installation from uploaded files")
        return _("The installation of %(model)s begins.") % {"model": spec.slug}

    def cancel(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Stop an installation."""
        return self._post(request, slug, self._cancel)

    def _cancel(self, request: HttpRequest, spec: ModelSpec) -> str:
        requests.cancel(spec)
        self._log(request, spec, "installation cancelled")
        return _("The installation of %(model)s was cancelled.") % {"model": spec.slug}

    def remove(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Ask whether to remove a model; remove it where that was confirmed."""
        spec = self._spec(request, slug)
        if request.method == "POST":
            return self._act(request, spec, self._remove)
        return self._page(
            request,
            "remove",
            title=_("Remove %(model)s?") % {"model": spec.slug},
            card=facts.card(spec),
            songs=requests.songs_using(spec),
        )

    def _remove(self, request: HttpRequest, spec: ModelSpec) -> str:
        requests.remove(spec)
        self._log(request, spec, "removed")
        return _("The model %(model)s was removed. What was separated with it stays.") % {"model": spec.slug}

    def make_default(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Prefer a model to others with as many parts."""
        return self._post(request, slug, self._make_default)

    def _make_default(self, request: HttpRequest, spec: ModelSpec) -> str:
        requests.prefer(spec)
        self._log(request, spec, "made the default")
        return _("The model %(model)s is the default now where nobody chooses.") % {"model": spec.slug}

    def dismiss(self, request: HttpRequest) -> HttpResponse:
        """Stop telling on the dashboard that there are better models."""
        if not self.has_manage_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        requests.dismiss_hint()
        return HttpResponseRedirect(reverse("admin:index"))

    def _spec(self, request: HttpRequest, slug: str) -> ModelSpec:
        if not self.has_manage_permission(request):
            raise PermissionDenied
        return find_or_404(slug)

    def _post(
        self, request: HttpRequest, slug: str, act: Callable[[HttpRequest, ModelSpec], str]
    ) -> HttpResponse:
        spec = self._spec(request, slug)
        return self._act(request, spec, act) if request.method == "POST" else HttpResponseNotAllowed(["POST"])

    def _act(
        self, request: HttpRequest, spec: ModelSpec, act: Callable[[HttpRequest, ModelSpec], str]
    ) -> HttpResponseRedirect:
        """Do it, say what was done or why not, and go back to the model."""
        try:
            self.message_user(request, act(request, spec), messages.SUCCESS)
        except CatalogError as error:
            self.message_user(request, str(error.detail), messages.ERROR)
            if error.code in {"licence_not_accepted", "no_source", "no_file", "unexpected_file", "damaged"}:
                return HttpResponseRedirect(_address("install", spec))
        return HttpResponseRedirect(f"{_address('changelist')}#{spec.slug}")

    def _page(self, request: HttpRequest, name: str, **context: Any) -> TemplateResponse:
        context |= {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"admin/separation/modelinstallation/{name}.html", context)

    @staticmethod
    def _log(request: HttpRequest, of: ModelSpec | str, what: str) -> None:
        name = of if isinstance(of, str) else of.slug
        LogEntry.objects.create(
            user=request.user,  # type: ignore[misc]  # the admin site has no visitors
            content_type=ContentType.objects.get_for_model(ModelInstallation),
            object_id=name,
            object_repr=name,
            action_flag=CHANGE,
            change_message=what,
        )


def find_or_404(slug: str) -> ModelSpec:
    """Return the model called ``slug``; its descriptor may have been removed since the page was shown."""
    try:
        return requests.find(slug)
    except CatalogError as error:
        raise Http404(str(error.detail)) from error


def _sent_file(request: HttpRequest) -> "UploadedFile[bytes]":
    file = request.FILES.get("file")
    if file is None:
        raise CatalogError("no_file", _("Choose a file."))
    return file


def _accepted(request: HttpRequest) -> bool:
    return request.POST.get("accepted") == "yes"


def _address(name: str, spec: ModelSpec | None = None) -> str:
    return reverse(f"admin:separation_modelinstallation_{name}", args=[spec.slug] if spec else None)
