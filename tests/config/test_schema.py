"""The API's description, as people who generate clients from it need it."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from rest_framework.test import APIClient

from accounts.models import User
from audio.formats import OUTPUT
from catalog.models import Setlist
from config.schema_examples import EXAMPLES
from separation.models import Separation
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db

JSON, BINARY, FORM = "application/json", "application/octet-stream", "multipart/form-data"
FORMATS = jsonschema.FormatChecker(["uuid"])


@pytest.fixture
def schema(api: APIClient) -> Any:
    return api.get("/api/schema/").json()


def operations(schema: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def bodies(operation: Any) -> Iterator[tuple[str, Any]]:
    """Media type and description of each body that is sent or answered."""
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from part.get("content", {}).items()


def parameter(schema: Any, path: str, name: str) -> Any:
    """The schema of a parameter of a GET."""
    found = [row for row in schema["paths"][path]["get"]["parameters"] if row["name"] == name]
    return found[0]["schema"]


def complaints(schema: Any, part: Any, value: Any) -> list[str]:
    whole = {"components": schema["components"], **part}
    checker = jsonschema.Draft202012Validator(whole, format_checker=FORMATS)
    return [error.message for error in checker.iter_errors(value)]


def test_schema_operations_have_summary_description_and_tag(schema: Any) -> None:
    for name, operation in operations(schema):
        assert re.fullmatch(r"[A-Z][^\n.]{3,79}", operation["summary"]), name
        assert operation["description"], name
        assert len(operation["tags"]) == 1, name
        assert all(response["description"] for response in operation["responses"].values()), name


def test_schema_operation_ids_are_unique_and_stable(schema: Any) -> None:
    """Generated clients call their functions so: a name that goes breaks a script."""
    names = [operation["operationId"] for _name, operation in operations(schema)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names), names
    assert set(names) >= {
        *("login", "separate", "auth_register", "auth_token", "auth_refresh", "auth_sign_out"),
        *("tracks_list", "tracks_retrieve", "tracks_separate", "uploads_create", "lookups_create", "search"),
        *("separations_retrieve", "separations_archive", "separations_mix", "separations_rate"),
        *("stems_audio", "stems_peaks", "stems_segment", "models_list", "me_retrieve", "setlists_create"),
    }


def test_schema_examples_are_valid(schema: Any) -> None:
    count = 0
    for name, operation in operations(schema):
        for kind, body in bodies(operation):
            if kind not in {JSON, FORM}:
                continue
            assert "examples" in body, (name, kind)
            for example in body["examples"].values():
                assert complaints(schema, body["schema"], example["value"]) == [], name
                count += 1
    assert count > 200


def parts(part: Any) -> Iterator[Any]:
    """Every object in a description, however deep."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from parts(inner)


def test_schema_defaults_are_valid(schema: Any) -> None:
    """Validators and generated clients refuse a description whose own defaults are wrong."""
    described = [part for part in parts(schema) if "default" in part and "type" in part]
    assert len(described) > 10
    wrong = [(part, said) for part in described if (said := complaints(schema, part, part["default"]))]
    assert wrong == []


def test_schema_examples_are_all_used(schema: Any) -> None:
    assert EXAMPLES.keys() <= schema["components"]["schemas"].keys()


def test_schema_requests_have_one_media_type(schema: Any) -> None:
    """A client that is generated for several of them sends the body in all of them at once."""
    for name, operation in operations(schema):
        kinds = set(operation.get("requestBody", {}).get("content", {}))
        assert kinds in (set(), {JSON}, {FORM}), name


def test_schema_errors_have_common_form(schema: Any) -> None:
    """One without a body looks like an answer without content to generated clients."""
    for name, operation in operations(schema):
        for status, response in operation["responses"].items():
            if status == "default" or int(status) >= 400:
                kinds = response.get("content", {})
                assert status == "416" or kinds[JSON]["schema"]["$ref"].endswith(("/Error", "/Here")), (
                    name,
                    status,
                )


def test_schema_files_have_own_and_generic_media_type(schema: Any) -> None:
    audio = {output.content_type for output in OUTPUT.values()}
    expected = {
        "/api/v1/stems/{id}/audio/": audio,
        "/api/v1/stems/{id}/segments/{number}/": {"audio/flac", "audio/ogg"},
        "/api/v1/separations/{id}/archive/": {"application/zip"},
        "/api/v1/separations/{id}/mix/": audio,
    }
    for path, kinds in expected.items():
        content = schema["paths"][path]["get"]["responses"]["200"]["content"]
        assert content.keys() == kinds | {BINARY}
        assert all(body["schema"] == {"type": "string", "format": "binary"} for body in content.values())
    sent = schema["paths"]["/api/v1/uploads/"]["post"]["requestBody"]["content"][FORM]["schema"]["$ref"]
    fields = schema["components"]["schemas"][sent.rpartition("/")[2]]["properties"]
    assert (fields["file"]["type"], fields["file"]["format"]) == ("string", "binary")


def test_schema_values_have_formats(schema: Any) -> None:
    parts = schema["components"]["schemas"]
    for name, component in parts.items():
        identity = component.get("properties", {}).get("id")
        assert identity is None or identity["format"] == "uuid", name
    for name, operation in operations(schema):
        for row in operation.get("parameters", ()):
            assert row["name"] != "id" or row["schema"] == {"type": "string", "format": "uuid"}, name
    checksum = parts["LookupRequest"]["properties"]["checksum"]["pattern"]
    assert re.fullmatch(checksum, "0aF9" * 16)
    assert not re.fullmatch(checksum, "0aF9" * 15)
    bitrate = parameter(schema, "/api/v1/stems/{id}/audio/", "bitrate")
    assert not any(complaints(schema, bitrate, text) for text in ("", "64", "192", "320k"))
    assert all(complaints(schema, bitrate, text) for text in ("1", "192kk", "1920", "k", " 192"))
    codec = parameter(schema, "/api/v1/separations/{id}/mix/", "codec")
    assert set(codec["enum"]) == {"", *OUTPUT}


def test_schema_nullable_values_use_openapi_31_types(schema: Any) -> None:
    """``nullable`` was OpenAPI 3.0's word: generated clients take the last page's ``next`` for a text."""

    described = [part for part in parts(schema["components"]["schemas"]) if "type" in part or "$ref" in part]
    assert len(described) > 300
    assert not [part for part in described if "nullable" in part]


@pytest.fixture
def full(user: User) -> Separation:
    """A library in which each list has a row."""
    separation = make_separation(make_track(user, album="Orilla"), asked_by=user, stored=True)
    Setlist.objects.create(owner=user, title="Saturday")
    return separation


@pytest.mark.parametrize(
    "path",
    [
        "tracks/",
        "artists/",
        "albums/",
        "setlists/",
        "me/",
        "me/library/",
        "models/",
        "statistics/",
        "search/",
        "notices/",
        "wishes/",
    ],
)
def test_responses_match_schema(api_of: Any, user: User, full: Separation, schema: Any, path: str) -> None:
    """Null where it may be null, all that is required, ids that are ids."""
    answer = api_of(user).get(f"/api/v1/{path}", {"q": "bar"} if path == "search/" else {})
    body = schema["paths"][f"/api/v1/{path}"]["get"]["responses"]["200"]["content"][JSON]
    assert answer.status_code == 200
    assert complaints(schema, body["schema"], answer.json()) == []


def test_separation_response_matches_schema(api_of: Any, user: User, full: Separation, schema: Any) -> None:
    for path, address in (
        ("/api/v1/separations/{id}/", f"/api/v1/separations/{full.pk}/"),
        ("/api/v1/separations/{id}/rating/", f"/api/v1/separations/{full.pk}/rating/"),
        ("/api/v1/stems/{id}/peaks/", f"/api/v1/stems/{full.stems.get(name='vocals').pk}/peaks/"),
    ):
        body = schema["paths"][path]["get"]["responses"]["200"]["content"][JSON]
        assert complaints(schema, body["schema"], api_of(user).get(address).json()) == []
