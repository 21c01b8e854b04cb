"""Why installations of models fail: a sentence for each code of ``engines/download/errors.py``."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from separation.models import ModelInstallation

REASONS: dict[str, Promise] = {
    "unknown_model": _("This model is no longer known. Update Stemoteca, or choose another one."),
    "busy": _("The files of this model are being changed by somebody else. Wait until that is done."),
    "unreachable": _(
        "The server with the files cannot be reached. Check the network, or use a mirror, a folder or an upload."
    ),
    "server_error": _("The server with the files has a problem. Try again later."),
    "not_found": _(
        "The server does not give out the file. Check the address of the mirror, or upload the file."
    ),
    "broken": _("The connection broke again and again. The next attempt goes on where it stopped."),
    "bad_checksums": _("The mirror does not state a checksum for this model in its checksum.json."),
    "damaged": _("What arrived is not the official file: its checksum or its size differs. Get it again."),
    "no_address": _("No address is known for this model. Upload its files, or name a folder with them."),
    "no_source": _("There is no such file or folder on this server."),
    "missing_file": _("One of the files of this model is missing there."),
    "unexpected_file": _("This model has no file with that name."),
    "bad_archive": _("The archive cannot be read to its end. Get it again."),
    "not_model": _("The files are not this model, or they are damaged. Get them again."),
    "no_space": _("The server's disk has no room for this model. Make room and install it again."),
    "storage": _("The server could not store the files. See its log."),
    "engine": _("The software that runs this model is not installed on the server."),
    "interrupted": _(
        "The installation was interrupted ten times. Install it again: it goes on where it stopped."
    ),
    "crashed": _("The program that installs models met an error. See the log of the server."),
}


def explain(row: ModelInstallation) -> str:
    """Say why the last attempt failed, in the language of the request; empty where none did."""
    if not row.error_code:
        return ""
    return str(REASONS.get(row.error_code) or row.error_detail)
