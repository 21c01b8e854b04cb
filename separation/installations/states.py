"""The state of a model in one sentence, in the language of the request."""

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from separation.installations.reasons import explain
from separation.models import ModelInstallation

State = ModelInstallation.State


def sentence(row: ModelInstallation | None, *, is_installed: bool) -> str:
    """Say whether a model is installed, how far its installation is, or why it failed; no ``row`` for bundled ones."""
    state = row.state if row else None
    if row is not None and state == State.WAITING:
        return _waiting(row)
    if row is not None and state == State.RUNNING:
        return _progress(row)
    if is_installed:
        return _installed(row)
    if row is not None and state == State.FAILED:
        return _("It could not be installed. %(reason)s") % {"reason": explain(row)}
    return _("Not installed.")


def _waiting(row: ModelInstallation) -> str:
    if row.error_code:
        return _("It is tried again soon. %(reason)s") % {"reason": explain(row)}
    return _("It waits for a worker.")


def _progress(row: ModelInstallation) -> str:
    done = filesizeformat(row.done_bytes)
    if row.total_bytes is None:
        return _("%(done)s have arrived.") % {"done": done}
    if row.done_bytes >= row.total_bytes:
        return _("All of it has arrived. It is being checked and prepared.")
    total = filesizeformat(row.total_bytes)
    return _("%(done)s of %(total)s have arrived.") % {"done": done, "total": total}


def _installed(row: ModelInstallation | None) -> str:
    if row is not None and row.state == State.INSTALLED and row.is_official is False:
        return _("Installed, with other weights than the official ones.")
    return _("Installed.")
