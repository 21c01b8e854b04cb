"""The page that separates a song in the browser of whoever visits it. Nothing is sent to this server."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from audio.flac import SEGMENT_SAMPLES
from audio.formats import EXTENSIONS, STEREO_RATE
from separation.display_names import ModelChoice, describe, stem_label
from separation.engines.modelspec import SPECS
from separation.engines.spleeter.native import webassembly
from separation.web import browser_weights
from separation.web.js_messages import BROWSER_MESSAGES, PLAYER_MESSAGES, translate

_WHOLE_MINUTES = 10
"""Of files that browsers decode as a whole only: 21 MB of memory a minute."""


@dataclass(frozen=True)
class BrowserStem:
    """A stem that only the browser has."""

    name: str


@dataclass(frozen=True)
class BrowserStemRow:
    """A stem in the player; ``key`` on the keyboard mutes it."""

    stem: BrowserStem
    label: str
    key: str

    @property
    def name(self) -> str:
        return self.stem.name


@dataclass(frozen=True)
class BrowserModel:
    """A model that browsers run: as people choose it, as the script needs it, and the rows of its player."""

    choice: ModelChoice
    description: dict[str, Any]
    stem_rows: list[BrowserStemRow]
    size: int
    """Of the weights, in bytes."""


@require_safe
@gzip_page
def separate(request: HttpRequest) -> HttpResponse:
    """Offer to separate a song in the browser."""
    if not settings.BROWSER_SEPARATION:
        raise Http404
    bundled = [_with_static_files(description) for description in webassembly.bundled_models()]
    installed = list(browser_weights.installed_models())
    models = [_model(description) for description in (*bundled, *installed)]
    context = {
        "models": models,
        "has_installed": bool(installed),
        "words": translate(PLAYER_MESSAGES | BROWSER_MESSAGES),
        "descriptions": {model.choice.slug: model.description for model in models},
        "accept": ",".join(["audio/*", "video/*", *(f".{extension}" for extension in EXTENSIONS)]),
        "minutes": _WHOLE_MINUTES,
        "rate": STEREO_RATE,
        "segment": SEGMENT_SAMPLES,
    }
    return render(request, "separation/browser_separation.html", context)


def _with_static_files(description: dict[str, Any]) -> dict[str, Any]:
    weights = description["weights"]
    files = [static(f"separator/{file}") for file in weights["files"]]
    return {**description, "weights": {**weights, "files": files}}


def _model(description: dict[str, Any]) -> BrowserModel:
    spec = SPECS[description["name"]]
    return BrowserModel(
        choice=describe(spec),
        description=description,
        stem_rows=[
            BrowserStemRow(BrowserStem(name), str(stem_label(name)), str(number))
            for number, name in enumerate(spec.stems, start=1)
        ],
        size=description["weights"]["size"],
    )
