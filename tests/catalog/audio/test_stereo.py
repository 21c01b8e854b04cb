import numpy as np
import pytest

from catalog.audio.stereo import Stereo


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("samples", [0, 1, 1000])
def test_empty_blocks_change_nothing(rate: int, samples: int) -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, (samples, 2)).astype(np.float32)
    results = []
    for blocks in ([sound], [sound[:0], sound[:1], sound[1:1], sound[1:], sound[:0]]):
        stereo = Stereo(rate)
        parts = [part for block in blocks for part in stereo.push(block, ("FL", "FR"))]
        results.append(np.concatenate([np.zeros((2, 0), np.float32), *parts, *stereo.finish()], axis=1))
    assert results[0].shape == (2, round(samples * 44_100 / rate))
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)
