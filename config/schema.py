"""The API's own description: how to sign in, what calls are named, what bodies and errors look like."""

import re
from http import HTTPStatus
from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.openapi import AutoSchema

from config.schema_examples import EXAMPLES

JSON = "application/json"
BINARY = "application/octet-stream"
ERROR = "#/components/schemas/Error"
WITHOUT_BODY = {HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}
IDS = {"id", "entry"}  # path parameters that are ids of ours


class BearerScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]  # the library registers subclasses untyped
    target_class = "accounts.tokens.BearerAuthentication"
    name = "bearer"


def without_doubles(endpoints: list[Any], **_options: Any) -> list[Any]:
    """The simple calls work with a slash at the end, too; once in the description is enough."""
    return [row for row in endpoints if row[0] not in {"/api/login/", "/api/separate/"}]


class Described(AutoSchema):
    """Adds to each operation a summary, examples, and the errors that it can answer with."""

    def map_parsers(self) -> list[str]:
        """Describe JSON alone where it can be sent: generated clients send every form of a body at once."""
        kinds: list[str] = super().map_parsers()
        return [JSON] if JSON in kinds else kinds

    def get_summary(self) -> str | None:
        """Take the first sentence of the description."""
        told = super().get_summary() or re.split(r"(?<=[.:])\s", self.get_description() or "", maxsplit=1)[0]
        return " ".join(told.rstrip(".:").split()) or None

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        responses = operation["responses"]
        for status, response in responses.items():
            response["description"] = response["description"] or HTTPStatus(int(status)).phrase
            if int(status) >= HTTPStatus.BAD_REQUEST and int(status) not in WITHOUT_BODY:
                response.setdefault("content", {JSON: {"schema": {"$ref": ERROR}}})
            _add_binary(response.get("content", {}))
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path" and parameter["name"] in IDS:
                parameter["schema"] |= {"format": "uuid"}
        if "{" in self.path:
            _add(responses, "404", "There is nothing here, or it is not for you.")
        if operation.get("requestBody") or operation.get("parameters"):
            _add(responses, "400", "Something that was sent cannot be used; `fields` says what.")
        if operation.get("security") and {} not in operation["security"]:
            _add(responses, "401", "Sign in first, or again.")
        _add(responses, "429", "Too many requests; `Retry-After` says how long to wait.")
        _add(responses, "default", "Any other error.")
        return operation


def _add(responses: dict[str, Any], status: str, description: str) -> None:
    content = {JSON: {"schema": {"$ref": ERROR}}}
    responses.setdefault(status, {"description": description, "content": content})


def _add_binary(content: dict[str, Any]) -> None:
    """Name the general type beside those of audio and archives, because generated clients may know no other one."""
    schemas = [body["schema"] for kind, body in content.items() if kind != JSON]
    if schemas and schemas[0].get("format") == "binary":
        content[BINARY] = {"schema": schemas[0]}


def with_examples(result: dict[str, Any], **_options: Any) -> dict[str, Any]:
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
