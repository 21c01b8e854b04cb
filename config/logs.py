"""What is left out of the log."""

import logging

from django.db import InterfaceError, OperationalError


class WithoutDatabaseTraceback(logging.Filter):
    """A database that is away is one line for each request, not a page."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OperationalError | InterfaceError):
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            record.msg, record.args = f"{record.getMessage()}: {reason}", None
            record.exc_info = record.exc_text = None
        return True
