"""Opus segments in a real Chromium: decoded one by one they are what it decodes from the whole stem."""

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

DECODE = """async (file) => {
  const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt(0));
  const buffer = await new OfflineAudioContext(2, 1, 48000).decodeAudioData(bytes.buffer);
  const samples = [0, 1].map((channel) => new Uint8Array(buffer.getChannelData(channel).buffer));
  return samples.map((side) => btoa(Array.from(side, (byte) => String.fromCharCode(byte)).join("")));
}"""


def decoded(page: Page, file: bytes) -> NDArray[np.float32]:
    sides = page.evaluate(DECODE, base64.b64encode(file).decode())
    return np.stack([np.frombuffer(base64.b64decode(side), np.float32) for side in sides])


def test_segments_join_as_the_whole_in_chromium(tmp_path: Path) -> None:
    rest = 100  # less than the decoder drops of the packet that it is in
    samples = 2 * OPUS_SEGMENT_SAMPLES + rest
    encode_segments([iter([pop(samples)])], samples, tmp_path / "x", 80, lambda _share: None)
    (files,) = segments(tmp_path / "x", 1, samples)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = browser.new_page()
        *others, last = [decoded(page, file) for file in files]
        reference = decoded(page, whole(files, samples))
        browser.close()
    assert [part.shape for part in others] == [(2, OPUS_SEGMENT_SAMPLES)] * 2
    assert last.shape[1] >= rest
    joined = np.concatenate([*others, last[:, :rest]], axis=1)
    assert joined.shape == reference.shape
    assert np.abs(joined - reference).max() < SILENT
