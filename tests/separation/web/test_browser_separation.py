"""The page for separating in the browser: for visitors, unless it is switched off."""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from separation.engines import modelspec
from separation.engines.spleeter.checkpoint import CHECKPOINT_FILES
from separation.engines.spleeter.native import webassembly
from separation.web import browser_weights
from tests.separation.engines.spleeter.archives import install
from tests.separation.engines.spleeter.models import SMALL, with_filters

pytestmark = pytest.mark.django_db


def models_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script id="browser-models" type="application/json">(.*?)</script>', html)
    assert found
    models: dict[str, Any] = json.loads(found[1])
    return models


def test_visitors_get_the_bundled_models_with_weights_that_are_there(client: Client) -> None:
    answer = client.get("/try/")
    assert answer.status_code == 200
    html = answer.content.decode()
    models = models_of(html)
    assert list(models) == [model["name"] for model in webassembly.bundled_models()]
    for slug, model in models.items():
        assert f'data-player-of="{slug}"' in html
        assert [finders.find(file.removeprefix("/static/")) for file in model["weights"]["files"]]
    assert "/api/v1/tracks/" not in html, "the players know of no track"


def test_it_can_be_switched_off(client: Client, settings: Any) -> None:
    assert 'href="/try/"' in client.get("/").content.decode()
    assert 'href="/try/"' in client.get("/accounts/login/").content.decode()
    settings.BROWSER_SEPARATION = False
    assert client.get("/try/").status_code == 404
    assert 'href="/try/"' not in client.get("/").content.decode()


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> bytes:
    """An official model, installed in small, and what its weights consist of; pieces are small as well."""
    for slug in ("spleeter:2stems", "spleeter:2stems-16kHz"):  # the same weights
        spec = with_filters(modelspec.SPECS[slug], SMALL)
        monkeypatch.setitem(modelspec.SPECS.packaged, slug, spec)
    monkeypatch.setattr(browser_weights, "PIECE_BYTES", 100_000)
    settings.MODELS_DIR, settings.BROWSER_INSTALLED_MODELS = tmp_path, True
    return (install(spec, tmp_path) / CHECKPOINT_FILES[1]).read_bytes()


def test_installed_models_come_in_pieces_that_browsers_keep(client: Client, data: bytes) -> None:
    models = models_of(client.get("/try/").content.decode())
    assert "spleeter:2stems" not in models
    weights = models["spleeter:2stems-16kHz"]["weights"]
    answers = [client.get(file) for file in weights["files"]]
    assert len(answers) == -(-len(data) // 100_000) > 1
    assert b"".join(answer.getvalue() for answer in answers) == data
    assert (weights["size"], weights["sha256"]) == (len(data), sha256(data).hexdigest())
    assert int(answers[-1]["Content-Length"]) == len(data) % 100_000
    assert all("immutable" in answer["Cache-Control"] for answer in answers)
    beyond = weights["files"][-1].replace(f"/{len(answers) - 1}/", f"/{len(answers)}/")
    assert client.get(beyond).status_code == 404
    assert client.get(weights["files"][0].replace(weights["sha256"], "0" * 64)).status_code == 404


@pytest.mark.parametrize("switch", ["BROWSER_INSTALLED_MODELS", "BROWSER_SEPARATION"])
@pytest.mark.usefixtures("data")
def test_installed_models_are_for_the_server_alone_unless_it_is_said(
    client: Client, settings: Any, switch: str
) -> None:
    weights = models_of(client.get("/try/").content.decode())["spleeter:2stems-16kHz"]["weights"]
    setattr(settings, switch, False)
    assert client.get(weights["files"][0]).status_code == 404
    assert b"spleeter:2stems" not in client.get("/try/").content
