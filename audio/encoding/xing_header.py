"""The Xing (Info) header frame of an MP3. It holds encoder delay and padding, so that decoded lengths are exact.

LAME's library leaves writing it to the program around it.
"""

SAMPLES_PER_FRAME = 1_152
ENCODER_DELAY = 576
_AT = 36  # header and side information of an MPEG-1 stereo frame
_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)


def _crc16_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return table


_TABLE = _crc16_table()


def frame_length(header: bytes) -> int:
    """Return the length in bytes of an MPEG-1 layer 3 frame at 44.1 kHz from its header. Raises ``ValueError``."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xFE != 0xFA or header[2] & 0x0C:
        raise ValueError("not an MPEG-1 layer 3 frame at 44.1 kHz")
    return 144_000 * _KBITS[header[2] >> 4] // 44_100 + (header[2] >> 1 & 1)


def count_frames(data: bytes, at: int = 0) -> tuple[int, int]:
    """Return how many frames begin in ``data`` from ``at``, and where the next one begins (possibly beyond)."""
    count = 0
    while at + 4 <= len(data):
        at += frame_length(data[at : at + 4])
        count += 1
    return count, at


def info_frame(header: bytes, frames: int, size: int, samples: int) -> bytes:
    """Return the Info frame of a constant bitrate stream.

    ``header``: the first frame's first bytes; ``frames`` and ``size``: of the stream without this frame;
    ``samples``: how many went into the encoder.
    """
    plain = bytes([header[0], header[1] | 1, header[2] & 0xFD, header[3]])
    length = frame_length(plain)
    padding = min(4_095, max(0, frames * SAMPLES_PER_FRAME - ENCODER_DELAY - samples))
    tag = b"Info" + (0xF).to_bytes(4, "big") + frames.to_bytes(4, "big") + (size + length).to_bytes(4, "big")
    tag += bytes(index * 256 // 100 for index in range(100)) + (80).to_bytes(4, "big")
    tag += b"LAME3.100" + bytes([0x01, 0]) + bytes(8) + bytes([0, min(255, _KBITS[plain[2] >> 4])])
    tag += (ENCODER_DELAY << 12 | padding).to_bytes(3, "big")
    tag += bytes(4) + (size + length).to_bytes(4, "big") + bytes(2)
    frame = plain + bytes(_AT - 4) + tag
    crc = 0
    for byte in frame:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return (frame + crc.to_bytes(2, "big")).ljust(length, b"\0")
