"""Which audio is the same audio: digests that tags, covers, names and containers do not change."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.checksum import checksum

__all__ = ["DsdDigest", "PacketDigest", "PcmDigest", "checksum"]

_REVERSED = np.packbits(
    np.unpackbits(np.arange(256, dtype=np.uint8)).reshape(256, 8)[:, ::-1], axis=1
).ravel()


class PcmDigest:
    """Identity of lossless audio: rate, channels and samples, whatever they were stored in.

    Integer samples are left-aligned in 32 bits, so 16-bit audio in a 24-bit file is the same audio.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._format: tuple[str, int, int] | None = None
        self._wide = np.zeros((0, 2), dtype="<i2")

    def update(self, samples: NDArray[Any], rate: int) -> None:
        """Add ``[n, channels]`` samples as the decoder gave them: uint8, int16, int32, float32 or float64."""
        name = "pcmf" if samples.dtype.kind == "f" else "pcm"
        form = (name, rate, samples.shape[1])
        if form != self._format:
            self._format = form
            self._hash.update(f"{name}:{rate}:{samples.shape[1]}\n".encode())
        if samples.dtype == np.int16:
            self._hash.update(self._widened(samples).data)
        else:
            self._hash.update(np.ascontiguousarray(_left_aligned(samples)).data)

    def _widened(self, samples: NDArray[Any]) -> NDArray[Any]:
        """16 bits as the upper ones of 32, in memory that is kept: stems are long."""
        if len(self._wide) < samples.size:
            self._wide = np.zeros((samples.size, 2), dtype="<i2")
        wide = self._wide[: samples.size]
        wide[:, 1] = samples.ravel()
        return wide

    def hexdigest(self) -> str:
        """64 hex digits."""
        return self._hash.hexdigest()


def _left_aligned(samples: NDArray[Any]) -> NDArray[Any]:
    if samples.dtype.kind == "f":
        return samples.astype(samples.dtype.newbyteorder("<"), copy=False)
    if samples.dtype == np.uint8:
        return (samples.astype("<i4") - 128) << 24
    return samples.astype("<i4", copy=False)


class DsdDigest:
    """Identity of DSD: rate, channels and bits, in whatever order files keep them."""

    def __init__(self, rate: int, channels: int, *, lsb_first: bool) -> None:
        self._hash = hashlib.sha256(f"dsd:{rate}:{channels}\n".encode())
        self._channels = channels
        self._lsb_first = lsb_first

    def update(self, packet: bytes) -> None:
        """Add a packet that holds the channels one behind the other."""
        data = np.frombuffer(packet, np.uint8)
        data = data[: len(data) // self._channels * self._channels].reshape(self._channels, -1).T
        self._hash.update(np.ascontiguousarray(_REVERSED[data] if self._lsb_first else data).data)

    def hexdigest(self) -> str:
        """64 hex digits."""
        return self._hash.hexdigest()


class PacketDigest:
    """Identity of lossy audio: codec and encoded packets, without what containers put around them."""

    def __init__(self, codec: str) -> None:
        self._hash = hashlib.sha256(f"{codec}\n".encode())
        self._codec = codec
        self._first = True

    def update(self, packet: bytes) -> None:
        """Add one packet."""
        if self._codec == "aac":
            packet = packet[_adts_header(packet) :]
        elif self._codec == "mp3" and self._first and is_info_frame(packet):
            packet = b""
        self._first = False
        if packet:
            self._hash.update(len(packet).to_bytes(4, "little"))
            self._hash.update(packet)

    def hexdigest(self) -> str:
        """64 hex digits."""
        return self._hash.hexdigest()


def _adts_header(packet: bytes) -> int:
    """Bytes of ADTS header. Raw AAC cannot look like one: the header's own length must equal the packet's."""
    if len(packet) < 7 or packet[0] != 0xFF or packet[1] & 0xF6 != 0xF0:
        return 0
    length = (packet[3] & 3) << 11 | packet[4] << 3 | packet[5] >> 5
    if length != len(packet):
        return 0
    return 7 if packet[1] & 1 else 9


def is_info_frame(packet: bytes) -> bool:
    """Whether an MPEG frame is a Xing, Info or VBRI header instead of sound."""
    if len(packet) < 48:
        return False
    return packet[xing_offset(packet) :][:4] in {b"Xing", b"Info"} or packet[36:40] == b"VBRI"


def xing_offset(frame: bytes) -> int:
    """Where in an MPEG frame (4 bytes of it suffice) a Xing header would begin: after side information."""
    mpeg1, mono = frame[1] & 0x18 == 0x18, frame[3] >> 6 == 3
    if mpeg1:
        return 4 + (17 if mono else 32)
    return 4 + (9 if mono else 17)
