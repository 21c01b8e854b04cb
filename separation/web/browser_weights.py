"""Weights of installed models for browsers, where a setting allows it: the checkpoint's own data, in pieces.

Pieces are small enough for the caches of browsers, which keep no file of more than 40 MB (Chromium) or 50 MB (Firefox).
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog.errors import CatalogError
from catalog.storage import file_responses
from separation.engines import model_files, modelspec
from separation.engines.descriptors import ModelUnavailable
from separation.engines.spleeter import weights
from separation.engines.spleeter.checkpoint import CHECKPOINT_FILES
from separation.engines.spleeter.native import webassembly
from separation.engines.spleeter.native.webassembly import WeightFiles
from separation.engines.spleeter.settings import SpleeterSettings, SpleeterSpec

PIECE_BYTES = 4 << 20
_CACHE = "public, max-age=31536000, immutable"  # the address has the digest of what is sent
_DATA = CHECKPOINT_FILES[1]


def installed_models() -> Iterator[dict[str, Any]]:
    """Describe the installed models of Spleeter's family for browsers, none where the setting does not allow it."""
    for spec, folder, digest in _offered():
        try:
            yield _describe(spec, folder, digest)
        except (ModelUnavailable, ValueError, OSError):  # removed at this moment, or damaged
            continue


@require_safe
def piece(request: HttpRequest, digest: str, number: int) -> HttpResponseBase:  # noqa: ARG001
    """Send a piece of the weights with the SHA-256 ``digest``."""
    for _spec, folder, offered in _offered():
        path = folder / _DATA
        start = number * PIECE_BYTES
        if offered == digest and start < path.stat().st_size:
            try:
                return file_responses.serve_part(
                    path, start, start + PIECE_BYTES, headers={"Cache-Control": _CACHE}
                )
            except CatalogError as error:
                return file_responses.plain(error)
    raise Http404


def _offered() -> Iterator[tuple[SpleeterSpec, Path, str]]:
    """Yield each installed model that browsers may load, its folder, and the digest of its weights.

    Of models with the same weights, it is the preferred one.
    """
    if not (settings.BROWSER_SEPARATION and settings.BROWSER_INSTALLED_MODELS):
        return
    folders = set()
    for spec in modelspec.available(settings.MODELS_DIR):
        folder = model_files.folder_of(spec, settings.MODELS_DIR)
        if spec.bundled or not isinstance(spec.settings, SpleeterSettings) or folder in folders:
            continue
        folders.add(folder)
        if digests := model_files.read_seal(spec, folder):
            yield spec, folder, digests[_DATA]


def _describe(spec: SpleeterSpec, folder: Path, digest: str) -> dict[str, Any]:
    size = (folder / _DATA).stat().st_size
    pieces = range(-(-size // PIECE_BYTES))
    files = [reverse("browser-weights", args=[digest, number]) for number in pieces]
    return webassembly.describe(spec, WeightFiles(files, digest, size, _locate(spec, folder, digest)))


@lru_cache(maxsize=16)
def _locate(spec: SpleeterSpec, folder: Path, digest: str) -> dict[str, tuple[int, int]]:  # noqa: ARG001 (the key)
    return weights.locate(spec, folder)
