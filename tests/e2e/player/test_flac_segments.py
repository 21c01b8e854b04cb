"""The player's own FLAC decoder in a real Chromium: bit for bit what was encoded, whatever the encoder made of it."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from tests.e2e.browser import CHROMIUM, SWITCHES
from tests.songs import RATE, song

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[3]
MODULE = ROOT / "static/js/player/rendering/flac_segment.js"
DECODE = """async ([module, file, at, count]) => {
  const { FlacSegment } = await import(`data:text/javascript;base64,${module}`);
  const segment = new FlacSegment(Uint8Array.from(atob(file), (character) => character.charCodeAt(0)));
  const sides = [0, 1].map(() => new Float32Array(count));
  for (let from = 0; from < count; from += 1000) {
    segment.read(sides.map((samples) => samples.subarray(from, from + 1000)), at + from);
  }
  return [segment.length, ...sides.map((samples) => new Uint8Array(samples.buffer).toHex())];
}"""


def flac(samples: NDArray[np.float64], subtype: str = "PCM_16", level: float = 0.5) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="FLAC", subtype=subtype, compression_level=level)
    return file.getvalue()


def test_samples_are_those_that_were_encoded() -> None:
    count = 4096 * 5 + 100
    band = song(1, seed=3)[:count]
    noise = np.random.default_rng(1).uniform(-1, 1, band.shape)
    wide = np.stack([band[:, 0], -band[:, 0]], axis=1)
    nearly_mono = np.stack([band[:, 0], band[:, 0] * 0.98], axis=1)
    silent = np.zeros_like(band)
    quiet = np.round(band * 100) * 256 / 32768  # its lowest bits are all zero
    cases = {
        **{f"band, level {level}": (band, "PCM_16", level) for level in (0.0, 0.5, 1.0)},
        "band, 24 bits": (band, "PCM_24", 0.5),
        "noise": (noise, "PCM_16", 0.5),
        "opposite sides": (wide, "PCM_16", 1.0),
        "nearly mono": (nearly_mono, "PCM_16", 1.0),
        "mono": (band[:, 0], "PCM_16", 0.5),
        "silence": (silent, "PCM_16", 0.5),
        "few bits": (quiet, "PCM_16", 0.5),
    }
    module = base64.b64encode(MODULE.read_bytes()).decode()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = browser.new_page()
        for name, (samples, subtype, level) in cases.items():
            file = flac(samples, subtype, level)
            wanted = soundfile.read(io.BytesIO(file), dtype="float32", always_2d=True)[0]
            for at in (0, 3000, 12_345):
                arguments = [module, base64.b64encode(file).decode(), at, count]
                length, *sides = page.evaluate(DECODE, arguments)
                assert length == count, name
                for side, found in enumerate(sides):
                    expected = np.concatenate([wanted[at:, min(side, wanted.shape[1] - 1)], np.zeros(at)])
                    assert np.array_equal(np.frombuffer(bytes.fromhex(found), np.float32), expected), (
                        f"{name}, from {at}"
                    )
        with pytest.raises(PlaywrightError):
            page.evaluate(DECODE, [module, base64.b64encode(b"RIFF" * 20).decode(), 0, 1])
        browser.close()
