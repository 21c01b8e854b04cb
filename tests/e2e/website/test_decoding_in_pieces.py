"""What the page decodes piece by piece is what Chromium makes of the whole file, where pieces join as well."""

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import Server
from tests.songs import loud, song

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]

SECONDS = 45  # several pieces

COMPARE = """async (rate) => {
  const { openSong } = await import("stemoteca/browser_separation/decoding");
  const file = await (await fetch("/static/song")).blob();
  const whole = await new OfflineAudioContext(2, 1, rate).decodeAudioData(await file.arrayBuffer());
  const song = await openSong(file, rate, 0); // nothing may be decoded as a whole
  let [at, count, worst] = [0, 0, 0];
  for await (const piece of song.pieces) {
    count += 1;
    for (const [side, samples] of piece.entries()) {
      const wanted = whole.getChannelData(Math.min(side, whole.numberOfChannels - 1)).subarray(at);
      for (let n = 0; n < samples.length; n += 1) worst = Math.max(worst, Math.abs(samples[n] - wanted[n]));
    }
    at += piece[0].length;
  }
  return { count, worst, length: song.length, decoded: at, whole: whole.length };
}"""


@pytest.fixture(scope="module")
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    """The page under a name that is not localhost, over plain http."""
    context = chromium.new_context()
    visited = context.new_page()
    visited.goto(f"http://stemoteca.lan:{server.port}/try/")
    yield visited
    context.close()


@cache
def music(rate: int) -> npt.NDArray[np.float32]:
    return loud(song(SECONDS, seed=21, rate=rate), 6)


def written(form: str, subtype: str, rate: int = 44_100, channels: int = 2) -> bytes:
    """A file of libsndfile, written bit by bit: its Vorbis encoder wants that."""
    samples = music(rate)[:, :channels]
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, channels, format=form, subtype=subtype) as writing:
        for at in range(0, len(samples), rate):
            writing.write(samples[at : at + rate])
    return file.getvalue()


def encoded(container: str, codec: str, rate: int, times: int = 1, **options: str) -> bytes:
    """A file of FFmpeg, with the same song so many times."""
    samples = np.tile(music(rate), (times, 1))
    file = io.BytesIO()
    with av.open(file, "w", format=container) as writing:
        stream: Any = writing.add_stream(codec, rate=rate, layout="stereo", options=options)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            writing.mux(packet)
    return file.getvalue()


FILES: dict[str, Callable[[], tuple[int, bytes]]] = {
    "wav": lambda: (44_100, written("WAV", "PCM_16")),
    "float wav, mono": lambda: (48_000, written("WAV", "FLOAT", 48_000, 1)),
    "flac": lambda: (44_100, written("FLAC", "PCM_16")),
    "24 bits flac": lambda: (48_000, written("FLAC", "PCM_24", 48_000)),
    "vorbis": lambda: (44_100, written("OGG", "VORBIS")),
    "opus": lambda: (48_000, encoded("ogg", "libopus", 48_000, b="64000")),
    "opus of a voice": lambda: (48_000, encoded("ogg", "libopus", 48_000, b="24000", application="voip")),
    "mp3": lambda: (44_100, encoded("mp3", "libmp3lame", 44_100, q="4")),
    "small mp3 with a tag": lambda: (
        22_050,
        encoded("mp3", "libmp3lame", 22_050, b="32000", id3v2_version="3"),
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_pieces_are_the_whole(page: Page, name: str) -> None:
    rate, content = FILES[name]()
    page.route("**/static/song", lambda route: route.fulfill(body=content))
    found = page.evaluate(COMPARE, rate)
    assert found["count"] == 5
    assert found["length"] == found["decoded"] == found["whole"]
    assert found["worst"] < 1e-4


def test_file_that_browsers_decode_as_a_whole_only_may_not_be_long(page: Page) -> None:
    content = encoded("mp4", "aac", 8000, 14)
    page.locator("[data-choose] input[type=file]").set_input_files(
        {"name": "song.m4a", "mimeType": "audio/mp4", "buffer": content}
    )
    expect(page.locator("[data-problem]")).to_contain_text("may last up to 10 minutes")
