"""Descriptors of an administrator's own models: stored and removed from the page of models.

They are the files that `separation.engines.modelspec` finds in the folder for models, whoever has put them there.
"""

import os
import tempfile
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.errors import CatalogError
from separation.engines import descriptors, download, model_files, modelspec
from separation.engines.descriptors import DescriptorError, ModelSpec
from separation.engines.families import FAMILIES
from separation.installations import requests
from separation.installations.reasons import REASONS
from separation.models import ModelInstallation


def add(name: str, content: bytes) -> ModelSpec:
    """Store the descriptor ``content``, called ``name`` by its sender, in place of the one of the same model.

    Raises ``CatalogError``: ``bad_descriptor``, ``installed`` (409), ``busy`` (409), ``storage`` (409).
    """
    known, sent = modelspec.SPECS, Path(name).name
    try:
        spec = descriptors.parse_own(content, sent, FAMILIES[descriptors.OWN_FAMILY].SETTINGS)
        known.check_own(spec, sent, [known[slug] for slug in known.own if slug != spec.slug])
    except DescriptorError as error:
        sentence = _("The descriptor is wrong. %(reason)s") % {"reason": error}
        raise CatalogError("bad_descriptor", sentence) from error
    if spec.slug in known.own:
        _check_replaceable(known[spec.slug], spec)
    target = known.own.get(spec.slug) or _folder() / f"{spec.slug.partition(':')[2]}.toml"
    if target in [path for slug, path in known.own.items() if slug != spec.slug]:
        sentence = _("The file %(name)s is the descriptor of another model.") % {"name": target.name}
        raise CatalogError("bad_descriptor", sentence)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, content)
    except OSError as error:
        raise _storage_error() from error
    return spec


def remove(name: str) -> None:
    """Remove the descriptor in the file called ``name``, so that its model is no longer known.

    Raises ``CatalogError``: ``unknown_descriptor`` (404), ``installed``, ``busy``, ``in_use``, ``storage`` (409).
    """
    known = modelspec.SPECS
    slug = next((slug for slug, path in known.own.items() if path.name == name), None)
    if slug is None and name not in known.wrong:
        raise CatalogError("unknown_descriptor", _("There is no such descriptor."), status=404)
    if slug is not None:
        spec = known[slug]
        _check_idle(spec)
        if model_files.is_available(spec, settings.MODELS_DIR):
            sentence = _("Remove the model first, and its descriptor afterwards.")
            raise CatalogError("installed", sentence, status=409)
        requests.check_unused(spec)
        download.discard(spec, settings.MODELS_DIR)
    try:
        (_folder() / name).unlink(missing_ok=True)
    except OSError as error:
        raise _storage_error() from error


def _folder() -> Path:
    return Path(settings.MODELS_DIR) / modelspec.OWN


def _check_idle(spec: ModelSpec) -> None:
    row = ModelInstallation.objects.filter(folder=spec.folder).first()
    if row is not None and row.is_unfinished:
        raise CatalogError("busy", _("This model is being installed already."), status=409)


def _check_replaceable(old: ModelSpec, new: ModelSpec) -> None:
    """Refuse what would leave the installed files of ``old`` without a descriptor."""
    _check_idle(old)
    is_same = (old.folder, old.files, old.revision) == (new.folder, new.files, new.revision)
    if not is_same and model_files.is_available(old, settings.MODELS_DIR):
        sentence = _("The installed model has other files or another revision. Remove it first.")
        raise CatalogError("installed", sentence, status=409)


def _write(target: Path, content: bytes) -> None:
    """Write a whole file or none, also where two do so at once."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.stem}-", delete=False) as file:
        partial = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            partial.chmod(0o644)  # readable for others who run commands
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def _storage_error() -> CatalogError:
    return CatalogError("storage", str(REASONS["storage"]), status=409)
