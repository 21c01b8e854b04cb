"""The API's own description: how to sign in, and what every error looks like."""

from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.openapi import AutoSchema


class BearerScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]  # the library registers subclasses untyped
    target_class = "accounts.tokens.BearerAuthentication"
    name = "bearer"


def without_doubles(endpoints: list[Any], **_options: Any) -> list[Any]:
    """The simple calls work with a slash at the end, too; once in the description is enough."""
    return [row for row in endpoints if row[0] not in {"/api/login/", "/api/separate/"}]


class Described(AutoSchema):
    """Adds to each operation the errors that it can answer with."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        responses = operation["responses"]
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
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses.setdefault(status, {"description": description, "content": content})
