"""What can go wrong when a model is fetched."""

import errno
from typing import Literal, TypeAlias

Code: TypeAlias = Literal[
    "unknown_model",  # there is none with that name, or it is bundled
    "busy",  # another process is installing it
    "unreachable",  # nobody answers at the address
    "server_error",  # the server has a problem that may pass
    "not_found",  # the server answers, and refuses
    "broken",  # the connection ended in the middle
    "bad_checksums",  # the mirror's list of checksums cannot be read, or lacks the file
    "damaged",  # what arrived has another checksum, or another size
    "no_address",  # no address is known for the file
    "no_source",  # the file or folder of this machine does not exist
    "missing_file",  # the folder, the archive or what was uploaded lacks a file
    "unexpected_file",  # the model has no file of that name
    "bad_archive",  # the archive cannot be read
    "not_model",  # the files are whole, and no such model
    "no_space",  # the disk has no room
    "storage",  # the disk could not be written
    "engine",  # no engine for the model is installed
]

TRANSIENT: frozenset[Code] = frozenset({"unreachable", "server_error", "broken"})
"""Those that may pass by themselves."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Numbers of errors of a full disk."""


class FetchError(Exception):
    """The model could not be installed; what is installed has not changed. The message says what to do next.

    ``code`` is stable.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def is_transient(self) -> bool:
        """Return whether the same call may succeed later."""
        return self.code in TRANSIENT


def storage_error(error: OSError) -> FetchError:
    """Return what to raise for an error of the disk."""
    if error.errno in FULL:
        return no_space()
    return FetchError("storage", f"the model could not be stored: {error.strerror or error}")


def no_space(missing: int = 0) -> FetchError:
    """Return what to raise where ``missing`` bytes more would be needed."""
    more = f"{-(-missing // 1_000_000)} MB more are needed; " if missing else ""
    return FetchError("no_space", f"the disk has no room for the model; {more}make room and try again")
