"""Ogg Opus files from Opus packets (RFC 3533, RFC 7845).

FFmpeg's muxer writes whole streams only: it cannot begin in the middle of one, behind packets that are decoded and
thrown away.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

OPUS_RATE: Final = 48_000  # what positions in Ogg Opus count, whatever was encoded
PACKET_SAMPLES: Final = 960

_BEGIN, _END = 2, 4
_PAGE: Final = struct.Struct("<4sBBqIIIB")
_CHECKSUM_AT: Final = 22
_LACING: Final = 255  # bytes that one lacing value counts, and lacing values that a page can have
_PACKETS_PER_PAGE: Final = 50  # a second: what a player reads at once
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def opus_file(packets: Sequence[bytes], pre_skip: int, samples: int, input_rate: int) -> bytes:
    """Return a stereo file of ``packets``, each of ``PACKET_SAMPLES``.

    A decoder drops ``pre_skip`` samples at the beginning and returns the following ``samples``. Where all of them are
    in the last of several packets, it returns the rest of that packet, too: FFmpeg, which Chromium decodes with,
    forgets what it has to drop when the same packet is cut at its end.

    ``input_rate`` in hertz is for information. Raises ``ValueError`` where the packets do not hold so many samples, or
    a packet more than is needed.
    """
    length = len(packets) * PACKET_SAMPLES
    if not 0 <= length - pre_skip - samples < PACKET_SAMPLES:
        raise ValueError(f"{len(packets)} packets for {pre_skip} + {samples} samples")
    is_cut = len(packets) == 1 or pre_skip <= length - PACKET_SAMPLES
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 2, pre_skip, input_rate, 0, 0)
    vendor = b"Stemoteca"
    tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + bytes(4)
    pages = [_page([head], 0, 0, _BEGIN), _page([tags], 0, 1, 0)]
    position = 0
    for group in _grouped(packets):
        position += len(group) * PACKET_SAMPLES
        is_last = position == length
        end = pre_skip + samples if is_last and is_cut else position
        pages.append(_page(group, end, len(pages), _END if is_last else 0))
    return b"".join(pages)


def pre_skip(file: bytes) -> int:
    """Return how many samples a decoder drops at the beginning of ``file``, which ``opus_file`` made."""
    (samples,) = struct.unpack_from("<H", file, _PAGE.size + 1 + 10)  # behind one lacing value, in OpusHead
    return int(samples)


def checksum(data: bytes) -> int:
    """Return the CRC-32 of Ogg: polynomial 0x04C11DB7, highest bit first, from 0."""
    # zlib computes the same polynomial with the lowest bit first, from the complement of its second argument.
    found = zlib.crc32(data.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(found.to_bytes(4, "little").translate(_REVERSED))


def _grouped(packets: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield the packets of each page."""
    group: list[bytes] = []
    room = _LACING
    for packet in packets:
        needed = len(packet) // _LACING + 1
        if group and (needed > room or len(group) == _PACKETS_PER_PAGE):
            yield group
            group, room = [], _LACING
        group.append(packet)
        room -= needed
    yield group


def _page(packets: Sequence[bytes], position: int, number: int, flags: int) -> bytes:
    """Return a page of whole packets; ``position`` counts the samples up to its end."""
    lacing = b"".join(
        bytes([_LACING]) * (len(packet) // _LACING) + bytes([len(packet) % _LACING]) for packet in packets
    )
    page = bytearray(_PAGE.pack(b"OggS", 0, flags, position, 1, number, 0, len(lacing)))
    page += lacing + b"".join(packets)
    page[_CHECKSUM_AT : _CHECKSUM_AT + 4] = checksum(bytes(page)).to_bytes(4, "little")
    return bytes(page)
