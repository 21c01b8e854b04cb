"""Get a model's files and install it: verified, resumable, atomic.

What is wanted of a model is the archive that it is released in, or its files (`wanted.py`). Each comes from its
official address, from a mirror, from a file or folder of this machine, or was uploaded (`sources.py`), and is kept in
``models_dir/.incoming/<folder>.parts`` until all are there: whatever interrupts that, the next call goes on where it
stopped. Then they are unpacked, sealed with their digests (see `model_files.seal`), read once as a whole and only
then renamed to their final place (`installing.py`).
"""

from separation.engines.download.errors import FetchError
from separation.engines.download.fetching import UPLOADED, fetch, receive, uploaded
from separation.engines.download.installing import discard, remove
from separation.engines.download.progress import Progress
from separation.engines.download.wanted import (
    Wanted,
    download_bytes,
    fetchable,
    find,
    folders,
    sharing,
    wanted,
)

__all__ = [
    "UPLOADED",
    "FetchError",
    "Progress",
    "Wanted",
    "discard",
    "download_bytes",
    "fetch",
    "fetchable",
    "find",
    "folders",
    "receive",
    "remove",
    "sharing",
    "uploaded",
    "wanted",
]
