"""The OpenAPI description: authentication, summaries, error responses, examples and the server's address."""

import re
from http import HTTPStatus
from typing import Any

from django.conf import settings
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.openapi import AutoSchema

from config.schema_examples import EXAMPLES

JSON = "application/json"
BINARY = "application/octet-stream"
ERROR_REF = "#/components/schemas/Error"
ERROR_SCHEMA = {
    "type": "object",
    "description": "Every error has this form. `code` is stable and for programs, `detail` is for people.",
    "properties": {
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "fields": {
            "type": "object",
            "description": "What is wrong, by field.",
            "additionalProperties": True,
        },
    },
    "required": ["code", "detail"],
}
WITHOUT_BODY = {HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}
UUID_PARAMETERS = {"id", "entry", "loop"}  # in paths


class BearerScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]  # the library registers subclasses untyped
    target_class = "accounts.tokens.BearerAuthentication"
    name = "bearer"


def exclude_duplicates(endpoints: list[Any], **_options: Any) -> list[Any]:
    """Describe the simple calls once, though they work with and without a slash at the end."""
    return [row for row in endpoints if row[0] not in {"/api/login/", "/api/separate/"}]


class DescribedSchema(AutoSchema):
    """Add a summary and the possible errors to each operation."""

    def map_parsers(self) -> list[str]:
        """Describe JSON alone where it can be sent: generated clients send every form of a body at once."""
        kinds: list[str] = super().map_parsers()
        return [JSON] if JSON in kinds else kinds

    def get_summary(self) -> str | None:
        """Take the first sentence of the description."""
        summary = (
            super().get_summary() or re.split(r"(?<=[.:])\s", self.get_description() or "", maxsplit=1)[0]
        )
        return " ".join(summary.rstrip(".:").split()) or None

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        responses = operation["responses"]
        for status, response in responses.items():
            response["description"] = response["description"] or HTTPStatus(int(status)).phrase
            if int(status) >= HTTPStatus.BAD_REQUEST and int(status) not in WITHOUT_BODY:
                response.setdefault("content", {JSON: {"schema": {"$ref": ERROR_REF}}})
            _add_binary(response.get("content", {}))
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path" and parameter["name"] in UUID_PARAMETERS:
                parameter["schema"] |= {"format": "uuid"}
        if "{" in self.path:
            _add_error(responses, "404", "There is nothing here, or it is not for you.")
        if operation.get("requestBody") or operation.get("parameters"):
            _add_error(responses, "400", "Something that was sent cannot be used; `fields` says what.")
        if operation.get("security") and {} not in operation["security"]:
            _add_error(responses, "401", "Sign in first, or again.")
        _add_error(responses, "429", "Too many requests; `Retry-After` says how long to wait.")
        _add_error(responses, "default", "Any other error.")
        return operation


def _add_error(responses: dict[str, Any], status: str, description: str) -> None:
    content = {JSON: {"schema": {"$ref": ERROR_REF}}}
    responses.setdefault(status, {"description": description, "content": content})


def _add_binary(content: dict[str, Any]) -> None:
    """Name the general type beside those of audio and archives, because generated clients may know no other one."""
    schemas = [body["schema"] for kind, body in content.items() if kind != JSON]
    if schemas and schemas[0].get("format") == "binary":
        content[BINARY] = {"schema": schemas[0]}


def add_server(result: dict[str, Any], request: Any = None, **_options: Any) -> dict[str, Any]:
    """Name the site's address where the description is written to a file; one that is served is relative to itself."""
    if request is None and settings.SITE_URL:
        result["servers"] = [{"url": settings.SITE_URL}]
    elif settings.SITE_PATH:
        result["servers"] = [{"url": settings.SITE_PATH}]
    return result


def add_error_schema(result: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Add the form of errors to the components."""
    result["components"]["schemas"]["Error"] = ERROR_SCHEMA
    return result


def add_examples(result: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Put an example beside each JSON body whose schema has one in ``EXAMPLES``."""
    for operations in result["paths"].values():
        for operation in operations.values():
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                for kind, body in part.get("content", {}).items():
                    if kind in {JSON, "multipart/form-data"}:
                        _add_example(body, result["components"]["schemas"])
    return result


def _add_example(body: dict[str, Any], schemas: dict[str, Any]) -> None:
    example = _example_of(body["schema"], schemas)
    if example is not None:
        body.setdefault("examples", {"example": {"value": example}})


def _example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    if schema.get("type") == "array":
        one = _example_of(schema["items"], schemas)
        return None if one is None else [one]
    name = schema.get("$ref", "").rpartition("/")[2]
    if name.startswith("Paginated") and name in schemas:
        rows = _example_of(schemas[name]["properties"]["results"], schemas)
        return None if rows is None else {"count": 1, "next": None, "previous": None, "results": rows}
    return EXAMPLES.get(name)
