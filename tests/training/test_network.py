"""The network that is trained is the network that runs."""

from pathlib import Path

import numpy as np
import pytest

from separation.engines import kernels, modelspec, weights
from separation.engines.openvino import OpenVinoEngine
from separation.engines.protocol import FRAMES

torch = pytest.importorskip("torch", reason="training has an environment of its own")
from training import loss  # noqa: E402 (needs what may be missing)
from training.network import Networks  # noqa: E402
from training.patches import Batch  # noqa: E402


@pytest.mark.parametrize("stem_count", [2, 4])
def test_training_and_engine_give_the_same_masks(stem_count: int, tmp_path: Path) -> None:
    spec = modelspec.get(f"compact:{stem_count}stems")
    arrays = dict(weights.load(spec, tmp_path))
    networks = Networks(spec.networks, spec.filters).eval()
    networks.load_arrays(arrays)
    assert all(np.array_equal(value, arrays[name]) for name, value in networks.arrays().items())
    lane = OpenVinoEngine(spec, kernels.arranged(arrays), threads=1).lanes[0]
    slope = np.linspace(1, 0.01, spec.bins, dtype=np.float32)
    lane.magnitude[:] = np.abs(np.random.default_rng(0).normal(0, 30, lane.magnitude.shape)) * slope
    with torch.no_grad():
        logits = networks(torch.from_numpy(lane.magnitude.copy())[None])
        masks = torch.softmax(logits, 0)[:, 0].numpy()
    assert masks.shape == (len(spec.stems), 2, FRAMES, spec.bins)
    np.testing.assert_allclose(masks, np.stack(list(lane.masks())), atol=1e-4)


def test_a_step_makes_the_loss_smaller() -> None:
    torch.manual_seed(0)
    sources = (
        torch.randn(2, 1, 2, 64, 64, dtype=torch.complex64)
        * torch.tensor([1.0, 3.0])[:, None, None, None, None]
    )
    batch = Batch(mixture=sources.sum(0), sources=sources)
    networks = Networks(("vocals",), (2, 2, 2, 2, 2, 2), dropout=0.0)
    optimizer = torch.optim.Adam([p for p in networks.parameters() if p.requires_grad], lr=1e-2)
    values = []
    for _ in range(20):
        value = loss.objective(networks(batch.mixture.abs()), batch, 0.05)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(float(value.detach()))
    assert values[-1] < values[0]
