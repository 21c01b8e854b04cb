import numpy as np
import pytest

from audio.peaks import SAMPLES_PER_PEAK, Peaks
from tests.audio.making import noise


@pytest.mark.parametrize("block", [1_000, SAMPLES_PER_PEAK, 10_001, 999_999])
def test_blocks_do_not_matter(block: int) -> None:
    audio = noise(5 * SAMPLES_PER_PEAK + 17)
    peaks = Peaks()
    for start in range(0, audio.shape[1], block):
        peaks.add(audio[:, start : start + block])
    padded = np.pad(np.abs(audio).max(axis=0), (0, SAMPLES_PER_PEAK - 17)).reshape(6, -1)
    assert list(peaks.finish()) == np.rint(padded.max(axis=1) * 255).astype(int).tolist()


def test_full_scale_and_nothing() -> None:
    peaks = Peaks()
    peaks.add(np.full((2, 3), -4.0, np.float32))
    assert peaks.finish() == b"\xff"
    assert Peaks().finish() == b""
