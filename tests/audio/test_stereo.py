from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.decoding.decode import decode
from audio.decoding.resample import StereoConverter
from audio.types import Limits


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("samples", [0, 1, 1000])
def test_empty_blocks_change_nothing(rate: int, samples: int) -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, (samples, 2)).astype(np.float32)
    results = []
    for blocks in ([sound], [sound[:0], sound[:1], sound[1:1], sound[1:], sound[:0]]):
        stereo = StereoConverter(rate)
        parts = [part for block in blocks for part in stereo.push(block, ("FL", "FR"))]
        results.append(np.concatenate([np.zeros((2, 0), np.float32), *parts, *stereo.finish()], axis=1))
    assert results[0].shape == (2, round(samples * 44_100 / rate))
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)


def test_surround_without_a_channel_mask_is_mixed_as_with_one(tmp_path: Path) -> None:
    """The singer of a 5.1 WAV stands in the third channel, and stays in the middle."""
    time = np.arange(44_100) / 44_100
    channels = np.stack([0.2 * np.sin(2 * np.pi * 200 * (n + 1) * time) for n in range(6)], axis=1)
    mixes = []
    for name in ("told.flac", "untold.wav"):
        soundfile.write(tmp_path / name, channels, 44_100, subtype="PCM_16")
        mixes.append(np.concatenate(list(decode(tmp_path / name, Limits())), axis=1))
    np.testing.assert_allclose(mixes[1], mixes[0], atol=1e-4)
    centre = [abs(np.fft.rfft(side)[600]) for side in mixes[1]]
    assert centre[0] == pytest.approx(centre[1], rel=1e-3)
