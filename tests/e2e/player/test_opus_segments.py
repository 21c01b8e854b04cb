"""Opus segments in a real Chromium: decoded one by one by the player they are what it decodes from the whole stem."""

import base64
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

from audio.encoding.opus_segments import OPUS_SEGMENT_SAMPLES, encode_segments
from tests.audio.test_opus_segments import SILENT, pop, segments, whole
from tests.e2e.browser import CHROMIUM, SWITCHES

pytestmark = pytest.mark.browser

STATIC = Path(__file__).parents[3] / "static"
VENDORED = STATIC / "vendor/opus-decoder/opus-decoder.wasm"
MODULE = STATIC / "js/player/rendering/opus_segment.js"
ROUNDED = 4 / 32_768  # a difference from Chromium's own decoder, which makes 16-bit samples
DECODE = """async ([module, library, file, samples]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const { OpusDecoder, OpusSegment, SampleCache } = await import(`data:text/javascript;base64,${module}`);
  globalThis.decoder ??= new OpusDecoder(await WebAssembly.compile(bytes(library)));
  const segment = new OpusSegment(bytes(file), decoder, new SampleCache(1, samples));
  const sides = [0, 1].map(() => new Float32Array(samples));
  for (let at = 0; at < samples; at += 50_000) segment.read(sides.map((side) => side.subarray(at, at + 50_000)), at);
  return sides.map((side) => new Uint8Array(side.buffer).toHex());
}"""
CHROMIUM_DECODES = """async (file) => {
  const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt(0));
  const buffer = await new OfflineAudioContext(2, 1, 48000).decodeAudioData(bytes.buffer);
  return [0, 1].map((side) => new Uint8Array(buffer.getChannelData(side).buffer).toHex());
}"""


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def samples_of(sides: list[str]) -> NDArray[np.float32]:
    return np.stack([np.frombuffer(bytes.fromhex(side), np.float32) for side in sides])


def decoded(page: Page, file: bytes, samples: int) -> NDArray[np.float32]:
    """What the player makes of a segment."""
    files = [text(MODULE.read_bytes()), text(VENDORED.read_bytes()), text(file)]
    return samples_of(page.evaluate(DECODE, [*files, samples]))


def test_segments_join_as_the_whole_in_chromium(tmp_path: Path) -> None:
    rest = 100  # less than is dropped of the packet that it is in
    samples = 2 * OPUS_SEGMENT_SAMPLES + rest
    encode_segments([iter([pop(samples)])], samples, tmp_path / "x", 80, lambda _share: None)
    (files,) = segments(tmp_path / "x", 1, samples)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = browser.new_page()
        parts = [decoded(page, file, OPUS_SEGMENT_SAMPLES) for file in files]
        assert np.array_equal(decoded(page, files[1], OPUS_SEGMENT_SAMPLES), parts[1])  # whatever came before
        reference = decoded(page, whole(files, samples), samples)
        browsers = samples_of(page.evaluate(CHROMIUM_DECODES, text(whole(files, samples))))
        browser.close()
    joined = np.concatenate(parts, axis=1)
    assert np.abs(joined[:, :samples] - reference).max() < SILENT
    assert browsers.shape == reference.shape
    assert np.abs(browsers - reference).max() < ROUNDED
