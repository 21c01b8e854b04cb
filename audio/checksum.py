"""Checksums of files, in a module that needs no arrays: processes that must stay small import it."""

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path

_READ = 1 << 20


def checksum(path: Path) -> str:
    """SHA-256 of the file's bytes, in hex. Raises ``OSError``."""
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    return digest.hexdigest()


def crc32(path: Path) -> int:
    """CRC-32 of the file's bytes, as ZIP files hold it. Raises ``OSError``."""
    value = 0
    for block in _blocks(path):
        value = zlib.crc32(block, value)
    return value


def _blocks(path: Path) -> Iterator[memoryview]:
    """The file's bytes, in a buffer that is used again for the next block."""
    buffer = bytearray(_READ)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            yield view[:count]
