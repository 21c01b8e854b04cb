"""Audio identity: digests that do not depend on tags, covers, file names and containers."""

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
    """Digest of lossless audio: rate, channels and samples, independent of the container.

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
            self._hash.update(self._widen(samples).data)
        else:
            self._hash.update(np.ascontiguousarray(_left_align(samples)).data)

    def _widen(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Left-align 16-bit samples in 32 bits, in a buffer that is reused: stems are long."""
        if len(self._wide) < samples.size:
            self._wide = np.zeros((samples.size, 2), dtype="<i2")
        wide = self._wide[: samples.size]
        wide[:, 1] = samples.ravel()
        return wide

    def hexdigest(self) -> str:
        """Return 64 hex digits."""
        return self._hash.hexdigest()


def _left_align(samples: NDArray[Any]) -> NDArray[Any]:
    if samples.dtype.kind == "f":
        return samples.astype(samples.dtype.newbyteorder("<"), copy=False)
    if samples.dtype == np.uint8:
        return (samples.astype("<i4") - 128) << 24
    return samples.astype("<i4", copy=False)


class DsdDigest:
    """Digest of DSD: rate, channels and bits, independent of their order in the file."""

    def __init__(self, rate: int, channels: int, *, lsb_first: bool) -> None:
        self._hash = hashlib.sha256(f"dsd:{rate}:{channels}\n".encode())
        self._channels = channels
        self._lsb_first = lsb_first

    def update(self, packet: bytes) -> None:
        """Add a packet, planar."""
        data = np.frombuffer(packet, np.uint8)
        data = data[: len(data) // self._channels * self._channels].reshape(self._channels, -1).T
        self._hash.update(np.ascontiguousarray(_REVERSED[data] if self._lsb_first else data).data)

    def hexdigest(self) -> str:
        """Return 64 hex digits."""
        return self._hash.hexdigest()


class PacketDigest:
    """Digest of lossy audio: codec and encoded packets, without container headers."""

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
        """Return 64 hex digits."""
        return self._hash.hexdigest()


def _adts_header(packet: bytes) -> int:
    """Return the length of the ADTS header, 0 for raw AAC: a header must hold the length of its packet."""
    if len(packet) < 7 or packet[0] != 0xFF or packet[1] & 0xF6 != 0xF0:
        return 0
    length = (packet[3] & 3) << 11 | packet[4] << 3 | packet[5] >> 5
    if length != len(packet):
        return 0
    return 7 if packet[1] & 1 else 9


def is_info_frame(packet: bytes) -> bool:
    """Whether an MPEG frame is a Xing, Info or VBRI header instead of audio."""
    if len(packet) < 48:
        return False
    return packet[xing_offset(packet) :][:4] in {b"Xing", b"Info"} or packet[36:40] == b"VBRI"


def xing_offset(frame: bytes) -> int:
    """Return where a Xing header begins in an MPEG frame (4 bytes suffice): after the side information."""
    mpeg1, mono = frame[1] & 0x18 == 0x18, frame[3] >> 6 == 3
    if mpeg1:
        return 4 + (17 if mono else 32)
    return 4 + (9 if mono else 17)
