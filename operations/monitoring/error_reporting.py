"""Errors sent to a server of Sentry's kind, where ``STEMOTECA_SENTRY_DSN`` names one.

Only what the log says at level ERROR is sent, with its traceback, the version, and the ids of request and separation:
no addresses of people, no requests, no values of variables, no list of packages.
"""

import re
from collections.abc import Mapping
from typing import Any

from operations.monitoring import log_context
from operations.process_lifecycle import exit_with_error

MAIL_ADDRESS = re.compile(r"[^\s@'\"(<=]+@[^\s@'\")>]+")
KEPT = ("event_id", "timestamp", "platform", "level", "logger", "exception", "release", "environment", "sdk")


def handler(dsn: str, version: str) -> str:
    """Prepare sending, and return the class of the handler for ``LOGGING``; ``""`` without a ``dsn``.

    End the process if ``dsn`` is none.
    """
    if not dsn:
        return ""
    import sentry_sdk  # noqa: PLC0415  # 8 MB that most installations do without
    from sentry_sdk.integrations.atexit import AtexitIntegration  # noqa: PLC0415
    from sentry_sdk.utils import BadDsn  # noqa: PLC0415

    try:
        sentry_sdk.init(
            dsn=dsn,
            release=f"stemoteca@{version}",
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[AtexitIntegration(callback=lambda _pending, _timeout: None)],
            send_default_pii=False,
            include_local_variables=False,
            max_breadcrumbs=0,
            before_send=_reduce,
        )
    except (BadDsn, ValueError) as error:
        exit_with_error(
            f"STEMOTECA_SENTRY_DSN must look like https://KEY@sentry.example.org/1; it cannot be used: {error}"
        )
    return "sentry_sdk.integrations.logging.EventHandler"


def _reduce(event: Any, _hint: Mapping[str, Any]) -> Any:
    """Keep what says where the error is, and nothing about people."""
    reduced = {name: event[name] for name in KEPT if name in event}
    reduced["logentry"] = {"message": event.get("logentry", {}).get("message", "")}
    reduced["tags"] = log_context.fields()
    for exception in reduced.get("exception", {}).get("values", []):
        exception["value"] = MAIL_ADDRESS.sub("(e-mail address)", str(exception.get("value")))
    return reduced
