"""Errors with a stable code, a sentence that says what to do, and an HTTP status."""

from typing import Any

from django.utils.functional import Promise


class CatalogError(Exception):
    """A refusal a person can act on. ``code`` is stable; ``detail`` may be translated; ``by_field`` says what is
    wrong with what was sent, by its name; ``retry_after`` (seconds) says when to send the same request again."""

    status = 400

    def __init__(
        self,
        code: str,
        detail: "str | Promise",
        *,
        status: int | None = None,
        by_field: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(code)
        self.by_field = by_field
        self.retry_after = retry_after
        self.code = code
        self.detail = detail
        if status is not None:
            self.status = status


class CacheUnavailableError(Exception):
    """The shared cache does not answer. Like a database that does not, it becomes 503 wherever it is raised."""
