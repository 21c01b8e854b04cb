"""Checksums of files. Imports no NumPy, for processes that must stay small."""

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path

_READ = 1 << 20


def checksum(path: Path) -> str:
    """Return the SHA-256 of the file's bytes in hex. Raises ``OSError``."""
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    return digest.hexdigest()


def crc32(path: Path) -> int:
    """Return the CRC-32 of the file's bytes, as stored in ZIP files. Raises ``OSError``."""
    value = 0
    for block in _blocks(path):
        value = zlib.crc32(block, value)
    return value


def _blocks(path: Path) -> Iterator[memoryview]:
    """Yield the file's bytes in a buffer that is reused for the next block."""
    buffer = bytearray(_READ)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            yield view[:count]
