"""What administrators do with models: install, cancel, remove, prefer. Raises ``CatalogError`` for what cannot be."""

from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from catalog.errors import CatalogError
from separation import model_choice
from separation.engines import download, model_files, modelspec
from separation.engines.descriptors import ModelSpec
from separation.installations import lifecycle
from separation.installations.reasons import REASONS
from separation.models import ModelInstallation, ModelSettings, Separation


def find(slug: str) -> ModelSpec:
    """Return the model called ``slug``. Raises ``CatalogError``: ``unknown_model`` (404)."""
    spec = modelspec.SPECS.get(slug)
    if spec is None:
        raise CatalogError("unknown_model", _("There is no such model."), status=404)
    return spec


def install(spec: ModelSpec, user: User, *, source: str = "", accepted: bool) -> ModelInstallation:
    """Queue the installation of ``spec`` from ``source`` (see ``download.fetch``; empty: as the settings say)."""
    if spec.bundled:
        raise CatalogError("bundled", _("This model comes with Stemoteca and is always installed."))
    if model_files.is_available(spec, settings.MODELS_DIR):
        message = _("This model is installed already. Remove it before you install it again.")
        raise CatalogError("installed", message, status=409)
    if not accepted:
        raise licence_not_accepted()
    if not source.startswith(("http", download.UPLOADED)) and source:
        _check_folder(source)
    row = lifecycle.ask(spec, source or settings.MODELS_SOURCE, user)
    if row is None:
        raise CatalogError("busy", _("This model is being installed already."), status=409)
    return row


def licence_not_accepted() -> CatalogError:
    """Return what to raise where somebody did not accept the licence."""
    return CatalogError("licence_not_accepted", _("Accept the licence of this model to install it."))


def _check_folder(source: str) -> None:
    if not Path(source).is_absolute() or not Path(source).exists():
        raise CatalogError("no_source", str(REASONS["no_source"]))


def receive(spec: ModelSpec, file: "UploadedFile[bytes]") -> set[str]:
    """Store an uploaded file of ``spec``; return the names of those that are still missing."""
    if ModelInstallation.objects.filter(folder=spec.folder).exclude(lifecycle.MAY_BE_ASKED).exists():
        raise CatalogError("busy", _("This model is being installed already."), status=409)
    try:
        return download.receive(spec, settings.MODELS_DIR, Path(file.name or "").name, file.chunks())
    except download.FetchError as error:
        if error.code == "unexpected_file":
            names = ", ".join(wanted.name for wanted in download.wanted(spec))
            sentence = _("This model has no file with that name. It needs: %(names)s") % {"names": names}
            raise CatalogError(error.code, sentence) from error
        raise _refusal(error) from error


def cancel(spec: ModelSpec) -> ModelInstallation:
    """Stop the installation, and remove what has arrived."""
    row = ModelInstallation.objects.filter(folder=spec.folder).first()
    if row is None or not lifecycle.cancel(row):
        raise CatalogError("not_running", _("This model is not being installed."), status=409)
    download.discard(spec, settings.MODELS_DIR)
    return row


def songs_using(spec: ModelSpec) -> int:
    """Return how many songs wait for the models in the folder of ``spec``, or are being separated with them."""
    slugs = [other.slug for other in download.sharing(spec.folder)]
    return Separation.objects.unfinished().filter(Q(model__in=slugs)).count()


def check_unused(spec: ModelSpec) -> None:
    """Raise ``CatalogError``, ``in_use`` (409), while songs wait for the models in the folder of ``spec``."""
    if songs := songs_using(spec):
        sentence = ngettext(
            "%(n)d song waits for this model or is being separated with it. Remove it afterwards.",
            "%(n)d songs wait for this model or are being separated with it. Remove it afterwards.",
            songs,
        )
        raise CatalogError("in_use", sentence % {"n": songs}, status=409)


def remove(spec: ModelSpec) -> ModelInstallation | None:
    """Remove the files of ``spec``, and so all models that share them."""
    if spec.bundled:
        raise CatalogError("bundled", _("This model comes with Stemoteca and cannot be removed."))
    check_unused(spec)
    try:
        download.remove(spec, settings.MODELS_DIR)
    except download.FetchError as error:
        raise _refusal(error) from error
    lifecycle.mark_removed(spec.folder)
    return ModelInstallation.objects.filter(folder=spec.folder).first()


def prefer(spec: ModelSpec) -> None:
    """Make ``spec`` the default for its number of parts."""
    if not model_files.is_available(spec, settings.MODELS_DIR):
        raise CatalogError("model_unavailable", _("This model is not installed."), status=409)
    model_choice.choose(spec)


def dismiss_hint() -> None:
    """Never tell again that there are better models than those that come with Stemoteca."""
    ModelSettings.objects.update_or_create(pk=1, defaults={"hint_dismissed_at": timezone.now()})


def needs_hint() -> bool:
    """Whether only bundled models are installed, and nobody has dismissed the hint or begun to install another."""
    if any(not spec.bundled for spec in modelspec.installed(settings.MODELS_DIR)):
        return False
    if ModelInstallation.objects.filter(state__in=lifecycle.UNFINISHED).exists():
        return False
    return not ModelSettings.objects.exclude(hint_dismissed_at=None).exists()


def _refusal(error: download.FetchError) -> CatalogError:
    return CatalogError(error.code, str(REASONS.get(error.code, error)), status=409)
