"""Why separations fail: a stable code and a sentence for each reason."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from separation.models import Separation, Status

REASONS: dict[str, "str | Promise"] = {
    "crashed": _(
        "The separation broke off three times, because the program that does it ended or met an error."
        " Start it again; if that does not help, tell whoever runs this server."
    ),
    "interrupted": _(
        "The separation was interrupted ten times, because the server's own processes were ended. Start it again."
    ),
    "too_big": _("The song needs more memory than the server allows for a separation."),
    "stalled": _("The separation stopped making progress three times."),
    "too_slow": _("The separation took far longer than the song lasts, three times."),
    "no_space": _("The server's disk is full."),
    "storage": _("The server could not keep the stems."),
    "model_unavailable": _("This model is no longer installed on the server."),
    "file_missing": _("The song's file is missing on the server."),
    "empty_file": _("The song's file is empty."),
    "unsupported": _("This kind of audio is not supported."),
    "no_audio": _("The song's file holds no audio."),
    "damaged": _("The song's file is damaged."),
    "too_long": _("The song is too long."),
    "too_large": _("The song's file is too large."),
    "probe_failed": _("The song's file could not be read."),
}


def explain(separation: Separation) -> str:
    """Say why ``separation`` failed, in the language of the request; empty unless it failed."""
    if separation.status != Status.FAILED:
        return ""  # a running one may have the code of its last attempt
    return str(REASONS.get(separation.error_code) or separation.error_detail)
