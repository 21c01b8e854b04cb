"""Makes the audio that these tests need."""

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 44_100


def noise(samples: int, channels: int = 2, seed: int = 1) -> NDArray[np.float32]:
    """``[channels, samples]``: soft noise with some bass, so that lossy encoders have work."""
    rng = np.random.default_rng(seed)
    time = np.arange(samples) / RATE
    tones = [0.3 * np.sin(2 * np.pi * 220 * (1 + channel) * time) for channel in range(channels)]
    sound: NDArray[np.float32] = np.array(tones, np.float32)
    sound += 0.02 * rng.standard_normal((channels, samples))
    return sound


def with_av(
    path: Path,
    container: str,
    codec: str,
    audio: NDArray[np.float32],
    *,
    rate: int = RATE,
    layout: str = "stereo",
) -> Path:
    """Encode ``[channels, n]`` with PyAV."""
    with av.open(str(path), "w", format=container) as output:
        stream: Any = _sound(output, codec, rate, layout)
        _encode(output, stream, audio)
    return path


def with_two_sounds(path: Path, codecs: tuple[str, str], audio: NDArray[np.float32]) -> Path:
    """A Matroska file with the same stereo sound in two codecs."""
    with av.open(str(path), "w", format="matroska") as output:
        streams = [_sound(output, codec, RATE, "stereo") for codec in codecs]
        for stream in streams:
            _encode(output, stream, audio)
    return path


def video(
    path: Path, container: str, codec: str, audio: NDArray[np.float32], *, rate: int, seconds: int
) -> Path:
    """Stereo ``audio`` with a picture that lasts for ``seconds``."""
    with av.open(str(path), "w", format=container) as output:
        picture: Any = output.add_stream("libvpx" if container == "webm" else "mpeg4", rate=5)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        _encode(output, _sound(output, codec, rate, "stereo"), audio)
        for number in range(5 * seconds):
            image = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format="rgb24")
            image.pts = number
            output.mux(picture.encode(image))
        output.mux(picture.encode(None))
    return path


def _sound(output: Any, codec: str, rate: int, layout: str) -> Any:
    """A new stream, with a sample format that the encoder takes."""
    stream = output.add_stream(codec, rate=rate)
    stream.layout = layout
    if codec.startswith("wma"):
        stream.bit_rate = 128_000
    formats = [form.name for form in stream.codec_context.codec.audio_formats]
    stream.format = next((name for name in ("fltp", "s16", "s16p") if name in formats), formats[0])
    return stream


def _encode(output: Any, stream: Any, audio: NDArray[np.float32]) -> None:
    """Encode ``[channels, n]``."""
    form, rate, layout = stream.format.name, stream.rate, stream.layout.name
    resampler = av.AudioResampler(form, layout, rate)
    for start in range(0, audio.shape[1], 8_192):
        block = np.ascontiguousarray(audio[:, start : start + 8_192])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
        frame.sample_rate = rate
        frame.pts = start
        for converted in resampler.resample(frame):
            output.mux(stream.encode(converted))
    output.mux(stream.encode(None))


def with_sndfile(path: Path, audio: NDArray[Any], subtype: str, form: str, rate: int = RATE) -> Path:
    """Write ``[channels, n]`` with libsndfile."""
    soundfile.write(str(path), audio.T, rate, subtype=subtype, format=form)
    return path


def remuxed(source: Path, path: Path, container: str) -> Path:
    """The same packets in another container."""
    with av.open(str(source)) as given, av.open(str(path), "w", format=container) as output:
        stream = output.add_stream_from_template(given.streams.audio[0])
        for packet in given.demux(given.streams.audio[0]):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    return path


def wav(
    data: bytes,
    *,
    channels: int = 2,
    rate: int = RATE,
    bits: int = 16,
    form: int = 1,
    claim: int | None = None,
) -> bytes:
    """A WAV whose header may lie: ``claim`` is the size that the data chunk announces."""
    block = max(1, channels * bits // 8) & 0xFFFF
    fmt = struct.pack("<HHIIHH", form, channels, rate, (rate * block) & 0xFFFFFFFF, block, bits)
    size = len(data) if claim is None else claim
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", (len(body)) & 0xFFFFFFFF if claim is None else 0xFFFFFFFF) + body


def pcm16(audio: NDArray[np.float32]) -> NDArray[np.int16]:
    """``[channels, n]`` floats to 16 bits."""
    samples: NDArray[np.int16] = np.rint(np.clip(audio, -1, 1) * 32_767).astype(np.int16)
    return samples


def id3(frames: bytes, *, flags: int = 0) -> bytes:
    """An ID3v2.4 block."""
    size = len(frames)
    return b"ID3\x04\x00" + bytes([flags]) + _syncsafe(size) + frames


def id3_frame(name: bytes, body: bytes, *, flags: int = 0) -> bytes:
    """One ID3v2.4 frame."""
    return name + _syncsafe(len(body)) + flags.to_bytes(2, "big") + body


def _syncsafe(value: int) -> bytes:
    return bytes([value >> 21 & 0x7F, value >> 14 & 0x7F, value >> 7 & 0x7F, value & 0x7F])
