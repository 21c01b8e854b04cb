"""What the log lines of this thread belong to: a request, a separation."""

import uuid
from contextvars import ContextVar

from separation.queue.log_context import separation_id

REQUEST_ID = "stemoteca.request_id"
"""Where our own server puts the id of a request in the WSGI environment: it may call the application twice for one."""

request_id: ContextVar[str] = ContextVar("request_id", default="")


def new_request_id() -> str:
    return uuid.uuid4().hex


def fields() -> dict[str, str]:
    """Return the ids that are known here, by their names in the log."""
    known = {"request_id": request_id.get(), "separation_id": separation_id.get()}
    return {name: value for name, value in known.items() if value}
