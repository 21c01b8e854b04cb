import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image


def test_favicon_is_served(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("mark.svg")


def test_manifest_names_icons_of_their_size(client: Client) -> None:
    answer = client.get("/app.webmanifest")
    assert answer.headers["Content-Type"] == "application/manifest+json"
    manifest = answer.json()
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        path = finders.find(icon["src"].removeprefix("/static/"))
        assert isinstance(path, str)
        with Image.open(path) as image:
            assert icon["sizes"] == f"{image.width}x{image.height}"


@pytest.mark.django_db
def test_manifest_opens_pages_that_exist(client: Client) -> None:
    manifest = client.get("/app.webmanifest").json()
    for address in (manifest["start_url"], *(shortcut["url"] for shortcut in manifest["shortcuts"])):
        assert client.get(address).status_code in {200, 302}, address


def test_manifest_speaks_the_language_of_the_browser(client: Client) -> None:
    answer = client.get("/app.webmanifest", headers={"Accept-Language": "es"})
    assert answer.json()["shortcuts"][0]["name"] == "Añadir una canción"
