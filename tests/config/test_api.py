"""What every call of the API has in common: errors, bodies, pages, origins, and its own description."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Artist
from tests.factories import make_track

V1 = "/api/v1/"
TOKEN = "/api/v1/auth/token/"


def test_unknown_api_url_returns_json_404(api: APIClient, db: None) -> None:
    for path in ("/api/", "/api/v1/nothing/", "/api/v1/tracks/x/nothing/"):
        answer = api.get(path)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
    assert api.get("/nothing/")["Content-Type"].startswith("text/html")


def test_server_error_is_json_without_details(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr("catalog.api.views.ArtistMixin.get_queryset", broken)
    client = Client(raise_request_exception=False)
    answer = client.get(f"{V1}artists/")
    assert answer.status_code == 500
    assert answer.json()["code"] == "server_error"
    assert b"1234" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("{", "application/json", 400, "parse_error"),
        ('{"email": NaN}', "application/json", 400, "parse_error"),
        (b"\xff\xfe", "application/json", 400, "parse_error"),
        ("[" * 100_000, "application/json", 400, "parse_error"),
        ('{"email": "\\ud800", "password": "x"}', "application/json", 400, "parse_error"),
        (json.dumps({"email": "x" * 1_100_000}), "application/json", 413, "too_large"),
        ("{}", "text/plain", 415, "unsupported_media_type"),
        ("{}", "application/xml", 415, "unsupported_media_type"),
        ("--x--\r\n", "multipart/form-data; boundary=x", 415, "unsupported_media_type"),
    ],
)
def test_unreadable_body_is_refused(
    client: Client, body: str | bytes, content_type: str, status: int, code: str
) -> None:
    answer = client.generic("POST", TOKEN, body, content_type=content_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.django_db
def test_pagination_links(api: APIClient) -> None:
    for number in range(5):
        make_track(title=f"Song {number}")
    first = api.get(f"{V1}tracks/?page_size=2").json()
    assert list(first) == ["count", "next", "previous", "results"]
    assert (first["count"], first["previous"], len(first["results"])) == (5, None, 2)
    second = api.get(first["next"]).json()
    assert len(second["results"]) == 2
    assert api.get(second["previous"]).json() == first
    assert api.get(f"{V1}tracks/?page=3&page_size=2").json()["next"] is None


@pytest.mark.django_db
def test_page_size_is_capped(api: APIClient) -> None:
    Artist.objects.bulk_create(Artist(name=f"A{n}", key=f"a{n}", slug=f"a{n}") for n in range(205))
    for artist in Artist.objects.all():
        make_track(artist=artist.name)
    assert len(api.get(f"{V1}artists/?page_size=1000000000").json()["results"]) == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("page=-1", 400),
        ("page=0", 400),
        ("page=x", 400),
        ("page=1e9", 400),
        ("page=%00", 400),
        ("page=99999999999999999999999", 400),
        ("page=2", 404),
        ("page_size=99999999999999999999999", 400),
        ("page_size=-5", 400),
        ("page_size=0", 400),
        ("page_size=x", 400),
    ],
)
def test_invalid_page_parameters(api: APIClient, query: str, status: int) -> None:
    assert api.get(f"{V1}tracks/?{query}").status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["audio/*", "text/html", "application/xml", "nonsense"])
def test_any_accept_header_is_answered_with_json(api: APIClient, accept: str) -> None:
    answer = api.get(f"{V1}tracks/", HTTP_ACCEPT=accept)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"


@pytest.mark.django_db
def test_cors_allows_tokens_and_no_cookies(user: User) -> None:
    browser = Client()
    browser.force_login(user)
    for origin in ("https://elsewhere.example", "null"):
        answer = browser.get(f"{V1}tracks/", headers={"Origin": origin})
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer
    asked = browser.options(
        f"{V1}uploads/",
        headers={
            "Origin": "https://elsewhere.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert asked.status_code == 200
    assert "authorization" in asked["Access-Control-Allow-Headers"]
    page = browser.get("/api-is-not-here/", headers={"Origin": "https://elsewhere.example"})
    assert "Access-Control-Allow-Origin" not in page


def test_error_details_are_translated_and_codes_are_not(api: APIClient, db: None) -> None:
    for language in ("en", "es"):
        answer = api.get(f"{V1}me/", HTTP_ACCEPT_LANGUAGE=language)
        assert answer.json()["code"] == "not_authenticated"
        assert answer["Content-Language"] == language


@pytest.mark.django_db
def test_schema_as_json_and_yaml(api: APIClient) -> None:
    answer = api.get("/api/schema/")
    assert answer["Content-Type"].startswith("application/json")
    schema = answer.json()
    assert schema["openapi"].startswith("3.1")
    assert set(schema["paths"]) >= {"/api/v1/tracks/", "/api/v1/uploads/", "/api/login", "/api/separate"}
    yaml = api.get("/api/schema/?format=yaml")
    assert yaml.content.startswith(b"openapi: 3.1")


@pytest.mark.django_db
def test_schema_describes_errors_of_every_operation(api: APIClient) -> None:
    paths = api.get("/api/schema/").json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            errors = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert errors == {"$ref": "#/components/schemas/Error"}, (path, method)


def test_schema_generates_without_warnings(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yaml"))
    assert capsys.readouterr().err == ""


@pytest.mark.django_db
def test_docs_page_respects_content_security_policy(client: Client) -> None:
    page = client.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "<style" not in text
    assert " style=" not in text
    assert text.count("<script") == text.count("<script src=")
    policy = page["Content-Security-Policy"]
    assert "unsafe" not in policy
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert b"SwaggerUIBundle" in script.content


def test_schema_written_to_a_file_names_site_url(
    settings: Any, tmp_path: Path, api: APIClient, db: None
) -> None:
    settings.SITE_URL = "https://stems.example"
    call_command("spectacular", format="openapi-json", file=str(tmp_path / "schema.json"))
    assert json.loads((tmp_path / "schema.json").read_text())["servers"] == [{"url": "https://stems.example"}]
    assert "servers" not in api.get("/api/schema/").json(), "a served one is relative to its address"
