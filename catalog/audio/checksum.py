"""The SHA-256 of a file, in a module that needs no arrays: processes that must stay small import it."""

import hashlib
from pathlib import Path

_READ = 1 << 20


def checksum(path: Path) -> str:
    """SHA-256 of the file's bytes, in hex. Raises ``OSError``."""
    digest = hashlib.sha256()
    buffer = bytearray(_READ)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(view[:count])
    return digest.hexdigest()
