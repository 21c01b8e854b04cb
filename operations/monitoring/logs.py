"""Logging: levels, formats and filters."""

import json
import logging
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from django.core.exceptions import DisallowedHost, PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest

from catalog.errors import CacheUnavailableError
from operations.monitoring import log_context

LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")


def logging_config(level: str, queue_level: str, log_format: str, error_handler: str = "") -> dict[str, Any]:
    """Return Django's ``LOGGING``: lines on stderr, as text or as JSON.

    ``error_handler`` is the class of a handler that gets the errors as well, as far as the filters leave them errors.
    """
    filters = {
        "missing": {"()": ExcludeMissing},
        "refusals": {"()": ExcludeRefusals},  # before the others take exceptions away, which it looks at
        "outages": {"()": ShortenOutageErrors},
        "hosts": {"()": ShortenHostErrors},
        "permissions": {"()": ShortenPermissionErrors},
    }
    handlers: dict[str, dict[str, Any]] = {
        "console": {"class": "logging.StreamHandler", "formatter": log_format, "filters": list(filters)}
    }
    if error_handler:
        handlers["errors"] = {"class": error_handler, "level": "ERROR", "filters": list(filters)}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"()": TextFormatter, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
            "json": {"()": JsonFormatter},
        },
        "filters": filters,
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level},
        "loggers": {
            "django-q": {"level": queue_level},
            "waitress.queue": {"level": "ERROR"},  # warns for each request that waits for a thread
        },
    }


class TextFormatter(logging.Formatter):
    """End each message with the ids of the request and the separation, unless it names them already."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        line = super().formatMessage(record)
        ids = [f"{name}={value}" for name, value in log_context.fields().items() if value not in line]
        return f"{line} [{' '.join(ids)}]" if ids else line


class JsonFormatter(logging.Formatter):
    """Write each record as one line of JSON.

    ``fields`` of a record (``extra={"fields": {...}}``) become keys of their own.
    """

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **log_context.fields(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            entry["stack"] = self.formatStack(record.stack_info)
        return json.dumps(entry, default=str)


class ExcludeRefusals(logging.Filter):
    """Leave out responses 503 and 507: under attack the log would consist of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", None)
        return status not in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE} or bool(
            record.exc_info
        )


class ExcludeMissing(logging.Filter):
    """Leave out responses 404 of the API: each upload asks first whether its audio is there."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        is_missing = getattr(record, "status_code", None) == HTTPStatus.NOT_FOUND
        return not (is_missing and isinstance(request, HttpRequest) and request.path_info.startswith("/api/"))


class ShortenOutageErrors(logging.Filter):
    """Log a database or a cache that does not answer as one line, without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OperationalError | InterfaceError | CacheUnavailableError):
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            record.msg, record.args = f"{record.getMessage()}: {reason}", None
            record.exc_info = record.exc_text = None
        if isinstance(error, CacheUnavailableError):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class ShortenPermissionErrors(logging.Filter):
    """Log a response 403, which anybody can ask for, as one line, without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = record.exc_text = None
        return True


class ShortenHostErrors(logging.Filter):
    """Log a wrong ``Host`` header, which anybody can send, as a warning of one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], DisallowedHost):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True
