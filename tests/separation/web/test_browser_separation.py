"""The page for separating in the browser: for visitors, unless it is switched off."""

import json
import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from separation.engines.spleeter.native import webassembly

pytestmark = pytest.mark.django_db


def test_visitors_get_the_bundled_models_with_weights_that_are_there(client: Client) -> None:
    answer = client.get("/try/")
    assert answer.status_code == 200
    html = answer.content.decode()
    found = re.search(r'<script id="browser-models" type="application/json">(.*?)</script>', html)
    assert found
    models: dict[str, Any] = json.loads(found[1])
    assert list(models) == [model["name"] for model in webassembly.bundled_models()]
    for slug, model in models.items():
        assert f'data-player-of="{slug}"' in html
        assert finders.find(model["weights"]["file"].removeprefix("/static/"))
    assert "/api/v1/tracks/" not in html, "the players know of no track"


def test_it_can_be_switched_off(client: Client, settings: Any) -> None:
    assert 'href="/try/"' in client.get("/").content.decode()
    assert 'href="/try/"' in client.get("/accounts/login/").content.decode()
    settings.BROWSER_SEPARATION = False
    assert client.get("/try/").status_code == 404
    assert 'href="/try/"' not in client.get("/").content.decode()
