"""Examine one untrusted file in a single pass. Runs in the sandboxed child only."""

import base64
import ctypes
from dataclasses import asdict
from typing import Any

import numpy as np

from audio import identity
from audio.decoding import reader
from audio.decoding.byte_window import whole, without_tags
from audio.decoding.resample import MAX_AMPLITUDE
from audio.errors import Damaged
from audio.fingerprint import chromaprint
from audio.tags import cleaning, cover, text_encodings, vorbis_guard
from audio.tags import reader as tag_reader
from audio.types import Limits

_MOST_EXCESSIVE = 0.1  # of all samples; a broken one here and there is only a click
_library: ctypes.CDLL | None = None  # set before the sandbox closes


def examine(descriptor: int, size: int, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return the fields of ``Probe``, except checksum and size, as JSON values, and the cover's JPEGs.

    The JPEGs are concatenated; ``cover`` holds their lengths.

    Raises ``AudioError``.
    """
    vorbis_guard.check(without_tags(descriptor, size))
    audio = reader.Reader(descriptor, size, limits)
    digest: identity.PcmDigest | identity.DsdDigest | identity.PacketDigest
    if audio.sameness == "samples":
        digest = samples = identity.PcmDigest()
        blocks = audio.stereo(on_block=lambda block: samples.update(block.samples, block.rate))
    elif audio.sameness == "bits":
        digest = bits = identity.DsdDigest(
            audio.sample_rate, audio.channels, lsb_first="lsb" in audio.decoder
        )
        blocks = audio.stereo(on_packet=lambda packet: bits.update(bytes(packet)))
    else:
        digest = packets = identity.PacketDigest(audio.codec)
        blocks = audio.stereo(on_packet=lambda packet: packets.update(bytes(packet)))
    fingerprinter = chromaprint.Fingerprinter(_library) if _library and limits.fingerprint else None
    peak, length, excessive = 0.0, 0, 0
    for block in blocks:
        length += block.shape[1]
        if fingerprinter is not None:
            fingerprinter.push(block)
        if block.size:
            loudest = max(float(block.max()), -float(block.min()))
            peak = max(peak, loudest)
            if loudest >= MAX_AMPLITUDE:  # where samples were clipped; resampling has smoothed them
                excessive += np.count_nonzero(np.abs(block).max(axis=0) >= MAX_AMPLITUDE / 2)
    if excessive > length * _MOST_EXCESSIVE:
        raise Damaged("The samples are far above full scale.", reason="above_full_scale")
    said, picture = tag_reader.read(whole(descriptor, size), audio.container, audio.codec, audio.metadata)
    settled, raw_names, encoding = text_encodings.settle(said)
    found = {
        "container": audio.container,
        "codec": audio.codec,
        "lossless": audio.lossless,
        "sample_rate": audio.sample_rate,
        "channels": audio.channels,
        "samples": audio.samples,
        "duration": audio.duration,
        "samples_44k": length,
        "bits": audio.bits,
        "peak": peak,
        "audio_digest": digest.hexdigest(),
        "fingerprint": encode_fingerprint(fingerprinter),
        "tags": asdict(cleaning.from_mapping(settled)),
        "raw_names": cleaning.raw_names(raw_names),
        "encoding": encoding,
    }
    lengths, pictures = cover.examine(picture or b"")
    return found | lengths, pictures


def fingerprint(descriptor: int, size: int, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Compute the fingerprint alone, of a recording that was examined before; errors as ``examine``."""
    fingerprinter = chromaprint.Fingerprinter(_library) if _library else None
    if fingerprinter is not None:
        for block in reader.Reader(descriptor, size, limits).stereo():
            fingerprinter.push(block)
            if fingerprinter.full:
                break
    return {"fingerprint": encode_fingerprint(fingerprinter)}, b""


def encode_fingerprint(fingerprinter: chromaprint.Fingerprinter | None) -> str | None:
    """Return the fingerprint in Base64; ``None`` without the library."""
    return base64.b64encode(fingerprinter.finish()).decode() if fingerprinter is not None else None


def warm_up() -> None:
    """Load and use everything once before the sandbox closes."""
    global _library  # noqa: PLW0603 - this process does one thing only
    _library = chromaprint.load()
    if _library is not None:
        chromaprint.Fingerprinter(_library).finish()
    reader.warm_up()
    cover.warm_up()
    tag_reader.warm_up()
