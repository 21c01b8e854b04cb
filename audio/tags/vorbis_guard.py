"""Count Vorbis comments before FFmpeg reads them: its dictionary takes quadratic time, ten seconds for 40,000."""

from collections.abc import Iterator

from audio.decoding import asf_header
from audio.decoding.byte_window import Source
from audio.errors import Unsupported

MOST = 1_000
_LONGEST_VENDOR = 4_096
_ENOUGH = _LONGEST_VENDOR + 64
_WINDOW = 1 << 20


def check(source: Source) -> None:
    """Check a file. Raises ``Unsupported`` when a FLAC, Ogg or ASF file carries more comments than any music needs."""
    magic = source.at(0, 4)
    if magic == b"fLaC":
        found = _flac_comments(source)
    elif magic == b"OggS":
        found = _ogg_comments(source)
    else:
        asf_header.check(source, MOST)
        return
    if any(_count(block) > MOST for block in found):
        raise Unsupported("The file carries too many tags.", reason="too_many_tags")


def _count(block: bytes) -> int:
    vendor = int.from_bytes(block[:4], "little")
    if vendor > _LONGEST_VENDOR:
        return MOST + 1
    return int.from_bytes(block[4 + vendor : 8 + vendor], "little")


def _flac_comments(source: Source) -> Iterator[bytes]:
    at = 4
    while len(head := source.at(at, 4)) == 4:
        length = int.from_bytes(head[1:4], "big")
        if head[0] & 0x7F == 4:
            yield source.at(at + 4, min(length, _ENOUGH))
        if head[0] & 0x80:
            return
        at += 4 + length


def _ogg_comments(source: Source) -> Iterator[bytes]:
    """Yield the second packet of every logical stream, as far as needed; it may span pages."""
    packets: dict[bytes, list[bytes]] = {}  # serial number -> finished first packet, growing second one
    for serial, first, table, body in _ogg_pages(source):
        if first:
            packets[serial] = [b""]
        parts = packets.get(serial)
        if parts is None:
            continue
        at = 0
        for lace in table:
            parts[-1] += body[at : at + lace]
            at += lace
            if lace < 255:
                parts.append(b"")
            if len(parts) > 2 or (len(parts) == 2 and len(parts[1]) >= _ENOUGH):
                yield _comment_body(parts[1])
                del packets[serial]
                break


def _comment_body(packet: bytes) -> bytes:
    if packet.startswith(b"\x03vorbis"):
        return packet[7:]
    if packet.startswith(b"OpusTags"):
        return packet[8:]
    return packet[4:]  # FLAC in Ogg: a metadata block with its header


def _ogg_pages(source: Source) -> Iterator[tuple[bytes, bool, bytes, bytes]]:
    """Yield (serial, begins a stream, lacing values, body) of every page; bytes between pages are skipped."""
    at = 0
    while len(head := source.at(at, 27)) == 27:
        if head[:4] != b"OggS":
            at = _next_page(source, at + 1)
            continue
        table = source.at(at + 27, head[26])
        size = sum(table)
        begins = bool(head[5] & 2)
        yield head[14:18], begins, table, source.at(at + 27 + head[26], size)
        at += 27 + head[26] + size


def _next_page(source: Source, at: int) -> int:
    while window := source.at(at, _WINDOW):
        found = window.find(b"OggS")
        if found >= 0:
            return at + found
        at += max(1, len(window) - 3)
    return source.size
