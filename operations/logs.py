"""What is left out of the log."""

import logging
from http import HTTPStatus

from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError


class WithoutRefusals(logging.Filter):
    """Leave out answers that send clients away for a while: under attack they would be all that the log says."""

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", None)
        return status not in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE} or bool(
            record.exc_info
        )


class WithoutDatabaseTraceback(logging.Filter):
    """A database that is away is one line for each request, not a page."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OperationalError | InterfaceError):
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            record.msg, record.args = f"{record.getMessage()}: {reason}", None
            record.exc_info = record.exc_text = None
        return True


class WithoutHostTraceback(logging.Filter):
    """A wrong ``Host`` header, which anybody can send, is a warning of one line, which helps who forgot a name."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], DisallowedHost):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True
