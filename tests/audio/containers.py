"""Writes containers that no library at hand writes: DSF, Monkey's Audio, Musepack SV7, and Ogg pages made anew.

``TONE`` is half a second of a tone at 440 Hz, encoded by ``mpcenc --telephone`` (Debian's ``musepack-tools``
2:0.1~r495).
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TONE = Path(__file__).parent / "fixtures" / "tone.mpc"
DSD64 = 2_822_400


def dsf(bits: NDArray[np.uint8], *, rate: int = DSD64, tags: bytes = b"", lsb_first: bool = True) -> bytes:
    """A DSF file of ``[channels, n]`` zeros and ones, ``n`` a multiple of 8."""
    channels, count = bits.shape
    packed = np.packbits(bits, axis=1, bitorder="little" if lsb_first else "big")
    packed = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 4_096)))
    data = packed.reshape(channels, -1, 4_096).transpose(1, 0, 2).tobytes()
    kind = 2 if channels == 2 else 1
    form = struct.pack("<QIIIIIIQII", 52, 1, 0, kind, channels, rate, 1 if lsb_first else 8, count, 4_096, 0)
    body = b"fmt " + form + b"data" + struct.pack("<Q", 12 + len(data)) + data
    size = 28 + len(body)
    return b"DSD " + struct.pack("<QQQ", 28, size + len(tags), size if tags else 0) + body + tags


def dsd_tone(samples: int, channels: int = 2) -> NDArray[np.uint8]:
    """``[channels, samples]`` bits of a soft tone at 1 kHz (at DSD64), from a second-order modulator."""
    tone = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(samples) / DSD64)
    bits = np.zeros(samples, np.uint8)
    first = second = fed_back = 0.0
    for index, value in enumerate(tone.tolist()):
        first += value - fed_back
        second += first - fed_back
        fed_back = 1.0 if second >= 0 else -1.0
        bits[index] = fed_back > 0
    return np.broadcast_to(bits, (channels, samples))


class _RangeEncoder:
    """A range coder in exact numbers, for what decoders with 32 bits read: 7 bits first, then bytes."""

    def __init__(self) -> None:
        self._low, self._range, self._bits = 0, 1 << 7, 7

    def put(self, start: int, width: int, shift: int | None = None, total: int = 1) -> None:
        """Code ``[start, start + width)`` of ``1 << shift``, or of ``total``."""
        while self._range <= 1 << 23:
            self._low, self._range, self._bits = self._low << 8, self._range << 8, self._bits + 8
        unit = self._range >> shift if shift is not None else self._range // total
        self._low += unit * start
        self._range = unit * width

    def finish(self) -> bytes:
        padding = -self._bits % 8 + 64
        return (self._low << padding).to_bytes((self._bits + padding) // 8, "big")


_COUNTS = (
    0,
    19_578,
    36_160,
    48_417,
)  # where the commonest symbols of version 3.98 and later begin, of 65,536


def monkeys(blocks: int, frames: int = 1, *, seed: int = 1, level: int = 1_000) -> bytes:
    """A Monkey's Audio file (3.99, 16-bit stereo at 44.1 kHz) of noise: ``frames`` of ``blocks`` samples each."""
    random = np.random.default_rng(seed)
    bodies = []
    for _ in range(frames):
        encoder, sums = _RangeEncoder(), [16 << 10, 16 << 10]
        for index in range(2 * blocks):
            pivot = max(1, sums[index % 2] >> 5)
            overflow, base = min(2, int(random.integers(0, 400)) // pivot), int(random.integers(0, pivot))
            encoder.put(_COUNTS[overflow], _COUNTS[overflow + 1] - _COUNTS[overflow], shift=16)
            encoder.put(base, 1, total=pivot)
            value = base + overflow * pivot
            sums[index % 2] += (value + 1) // 2 - (sums[index % 2] + 16 >> 5)
        body = struct.pack(">I", 0x1234567) + b"\0" + encoder.finish()
        body += bytes(-len(body) % 4)
        bodies.append(b"".join(body[at : at + 4][::-1] for at in range(0, len(body), 4)))
    table, at = b"", 52 + 24 + 4 * frames
    for body in bodies:
        table += struct.pack("<I", at)
        at += len(body)
    sizes = struct.pack("<IIIIIII", 52, 24, 4 * frames, 0, sum(map(len, bodies)), 0, 0)
    header = struct.pack("<HHIIIHHI", level, 0, blocks, blocks, frames, 16, 2, 44_100)
    return b"MAC " + struct.pack("<HH", 3_990, 0) + sizes + bytes(16) + header + table + b"".join(bodies)


def musepack7(frames: int) -> bytes:
    """A Musepack SV7 stream of silence: one band, of no resolution, in each frame."""
    bits = "0" * 8 + f"{8:020b}{0:08b}" * frames
    bits += "0" * (-len(bits) % 32 + 64)
    words = [int(bits[at : at + 32], 2) for at in range(0, len(bits), 32)]
    return b"MP+\x07" + struct.pack("<I", frames) + bytes(16) + struct.pack(f"<{len(words)}I", *words)


def ogg_pages(data: bytes) -> list[bytearray]:
    """The pages of an Ogg file."""
    pages, at = [], 0
    while at < len(data):
        count = data[at + 26]
        size = 27 + count + sum(data[at + 27 : at + 27 + count])
        pages.append(bytearray(data[at : at + size]))
        at += size
    return pages


def with_checksum(page: bytearray) -> bytes:
    """An Ogg page that was changed, with a checksum that fits."""
    page[22:26] = bytes(4)
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 1 << 31 else crc << 1) & 0xFFFFFFFF
    page[22:26] = struct.pack("<I", crc)
    return bytes(page)
