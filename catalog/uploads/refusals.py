"""Why an upload is refused, in sentences that help."""

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.errors import CatalogError

REFUSALS: dict[str, tuple[int, Promise]] = {
    "empty_file": (400, _("The file is empty.")),
    "unsupported": (
        415,
        _("This is not an audio format that is accepted here. Try MP3, FLAC, WAV, OGG, Opus or M4A."),
    ),
    "no_audio": (422, _("There is no sound in this file.")),
    "damaged": (422, _("The file is damaged or cut short. Try to copy or download it again.")),
    "too_long": (413, _("The recording is too long: at most %(minutes)d minutes are accepted.")),
    "too_large": (413, _("The file is too large.")),
    "probe_failed": (
        422,
        _("Reading this file took more time or memory than is allowed. Try to export it again."),
    ),
}
# What is wrong more exactly, where the child says so.
REASONS: dict[str, Promise] = {
    "cut_short": _("The file ends early: a part of it is missing. Try to copy or download it again."),
    "above_full_scale": _(
        "The samples are far above full scale. Save it again as 16-bit or 24-bit audio, or as floats between -1 and 1."
    ),
    "avi": _(
        "AVI files are not accepted. Save the video as MP4 or MKV, or its sound as MP3 or FLAC, and try again."
    ),
    "dff": _("DSDIFF files are not accepted. Convert it to DSF or FLAC and try again."),
    "dsd_rate": _("DSD of more than 5.6 MHz is not accepted. Convert it to FLAC and try again."),
    "codec": _(
        "The sound in this file is of a kind that is not accepted. Convert it to FLAC or MP3 and try again."
    ),
    "sample_rate": _("Its sample rate is not accepted: 8 to 192 kHz are. Convert it and try again."),
    "channels": _("It has more channels than are accepted: 8 are. Mix it down to stereo and try again."),
    "protected": _("The file is locked by copy protection."),
    "too_many_tags": _("The file carries too many tags. Remove them and try again."),
}


def refusal(code: str, reason: str = "") -> CatalogError:
    """Return the error for a code of ``AudioError``, with a translated sentence."""
    status, sentence = REFUSALS.get(code, REFUSALS["probe_failed"])
    detail: str | Promise = REASONS.get(reason, sentence)
    if code == "too_long":
        detail = str(detail) % {"minutes": settings.MAX_SECONDS // 60}
    return CatalogError(code, detail, status=status)


def quota_exceeded() -> CatalogError:
    """Return the error for an account whose quota is full."""
    return CatalogError(
        "quota_exceeded", _("Your quota is full. Delete something you no longer need first."), status=413
    )
