"""Renumber the frames of a FLAC, so that a slice of a file becomes a valid file.

A frame's number is part of its header, which ends with a CRC-8, and the frame ends with a CRC-16 of all its bytes.
CRC-16 is linear: how a changed header changes it follows from the number of bytes behind the header, not from what
they are. RFC 9639, section 9.
"""

from array import array
from collections.abc import Iterator
from functools import cache
from typing import Final

from audio.errors import Damaged

FRAME_SAMPLES: Final = 4_096
SYNC: Final = b"\xff\xf8"  # of frames that all hold the same number of samples
_SMALLEST_FRAME: Final = 10


def renumber(data: bytes, first: int, samples: int) -> Iterator[bytes]:
    """Yield the frames in ``data``, which count from ``first``, renumbered from 0."""
    count = -(-samples // FRAME_SAMPLES)
    starts = [0]
    lengths = [_header_length(data, 0, first)]
    for number in range(first + 1, first + count):
        at = starts[-1] + _SMALLEST_FRAME
        while (at := data.find(SYNC, at)) >= 0 and not (length := _header_length(data, at, number)):
            at += 1
        if at < 0:
            raise Damaged("A frame is missing.")
        starts.append(at)
        lengths.append(length)
    if not lengths[0]:
        raise Damaged("A segment does not begin where it should.")
    for number, (start, length, stop) in enumerate(
        zip(starts, lengths, [*starts[1:], len(data)], strict=True)
    ):
        old = data[start : start + length]
        coded = len(_frame_number_bytes(first + number))
        new = old[:4] + _frame_number_bytes(number) + old[4 + coded : -1]
        new += bytes([_crc(new, _crc8_table(), 8)])
        difference = _crc(old, _crc16_table(), 16) ^ _crc(new, _crc16_table(), 16)
        checksum = int.from_bytes(data[stop - 2 : stop])
        checksum ^= _multiply(difference, _crc16_powers()[stop - start - length - 2])
        yield new
        yield data[start + length : stop - 2]
        yield checksum.to_bytes(2)


def _header_length(data: bytes, at: int, number: int) -> int:
    """Return the length of the header of frame ``number`` at ``data[at]``; 0 if there is none."""
    coded = _frame_number_bytes(number)
    if data[at : at + 2] != SYNC or data[at + 4 : at + 4 + len(coded)] != coded:
        return 0
    size, rate = data[at + 2] >> 4, data[at + 2] & 15
    extra = {6: 1, 7: 2}.get(size, 0) + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    length = 4 + len(coded) + extra + 1
    header = data[at : at + length]
    # The CRC-8 of a header that ends with its own CRC-8 is 0.
    return length if len(header) == length and _crc(header, _crc8_table(), 8) == 0 else 0


def _frame_number_bytes(number: int) -> bytes:
    """Return the frame number in the extended UTF-8 code of RFC 9639, section 9.1.5."""
    return chr(number).encode("utf-8", "surrogatepass")


@cache
def _crc8_table() -> tuple[int, ...]:
    return tuple(_remainder(byte, 8, 0x107) for byte in range(256))


@cache
def _crc16_table() -> tuple[int, ...]:
    return tuple(_remainder(byte, 16, 0x18005) for byte in range(256))


def _remainder(byte: int, width: int, polynomial: int) -> int:
    value = byte << (width - 8)
    for _ in range(8):
        value = (value << 1) ^ (polynomial if value >> (width - 1) & 1 else 0)
    return value


def _crc(data: bytes, table: tuple[int, ...], width: int) -> int:
    value = 0
    for byte in data:
        value = (value << 8) & ((1 << width) - 1) ^ table[(value >> (width - 8)) ^ byte]
    return value


@cache
def _crc16_powers() -> "array[int]":
    """Return x to the power 8n modulo the CRC-16 polynomial, for n from 0: what n zero bytes multiply a CRC by."""
    table, powers = _crc16_table(), array("H", [1])
    for _ in range(1 << 16):
        last = powers[-1]
        powers.append((last << 8) & 0xFFFF ^ table[last >> 8])
    return powers


def _multiply(a: int, b: int) -> int:
    """Multiply two polynomials over GF(2) modulo that of CRC-16."""
    product = 0
    while a:
        if a & 1:
            product ^= b
        a >>= 1
        b = (b << 1) ^ (0x18005 if b & 0x8000 else 0)
    return product
