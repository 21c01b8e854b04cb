"""The network that is trained is the network that runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separation.engines import modelspec
from separation.engines.spleeter import weights
from separation.engines.spleeter.openvino import weights as openvino_weights
from separation.engines.spleeter.openvino.engine import OpenVinoEngine
from separation.engines.spleeter.stft_params import FRAMES

torch = pytest.importorskip("torch", reason="training has an environment of its own")
from training import blend, calibrate, loss  # noqa: E402
from training.data import pool  # noqa: E402 (needs what may be missing)
from training.data.patches import Batch, Patches, Tapes, length, spectra  # noqa: E402
from training.network import Networks  # noqa: E402
from training.train import Plan, Trainer  # noqa: E402
from training.validation import held_out  # noqa: E402
from training.warm_start import warm_start  # noqa: E402

CPU = torch.device("cpu")


@pytest.mark.parametrize("stem_count", [2, 4])
def test_training_and_engine_give_the_same_masks(stem_count: int, tmp_path: Path) -> None:
    spec = modelspec.get(f"compact:{stem_count}stems")
    arrays = dict(weights.load(spec, tmp_path))
    networks = Networks(spec.settings.networks, spec.settings.filters).eval()
    networks.load_arrays(arrays)
    assert all(np.array_equal(value, arrays[name]) for name, value in networks.arrays().items())
    ours = OpenVinoEngine(spec, openvino_weights.arrange(spec, arrays), threads=1).networks[0]
    slope = np.linspace(1, 0.01, spec.settings.bins, dtype=np.float32)
    ours.magnitude[:] = np.abs(np.random.default_rng(0).normal(0, 30, ours.magnitude.shape)) * slope
    with torch.no_grad():
        logits = networks(torch.from_numpy(ours.magnitude.copy())[None])
        masks = torch.softmax(logits, 0)[:, 0].numpy()
    assert masks.shape == (len(spec.stems), 2, FRAMES, spec.settings.bins)
    np.testing.assert_allclose(masks, np.stack(list(ours.masks())), atol=1e-4)


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


def _batch(frames: int) -> Batch:
    sources = torch.randn(2, 1, 2, frames, 64, dtype=torch.complex64)
    return Batch(mixture=sources.sum(0), sources=sources)


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_statistics_stay_as_they_were(frozen: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    networks = Networks(("vocals",), (2, 2, 2, 2, 2, 2))
    before = networks.arrays()
    plan = Plan(minutes=1, batch=1, rate=1e-2, level_weight=0, averaging=0.5, frozen=frozen)
    trainer = Trainer(networks, plan, tmp_path, CPU)
    for _ in range(3):
        trainer.step(_batch(128))
    after = trainer.average.arrays()
    changed = {name.rpartition("_")[2] for name in after if not np.array_equal(after[name], before[name])}
    assert ({"mean", "var"} & changed == set()) is frozen
    assert "gamma" in changed


def test_a_network_that_is_kept_stays_as_it_started(tmp_path: Path) -> None:
    torch.manual_seed(0)
    networks = Networks(("vocals", "drums"), (2, 2, 2, 2, 2, 2))
    before = networks.arrays()
    plan = Plan(minutes=1, batch=1, rate=1e-2, level_weight=0, averaging=0.5, kept=("vocals",))
    trainer = Trainer(networks, plan, tmp_path, CPU)
    trainer.step(_batch(128))
    after = trainer.average.arrays()
    changed = {name.partition("/")[0] for name in after if not np.array_equal(after[name], before[name])}
    assert changed == {"drums"}


def test_averaged_weights_settle_on_statistics_of_their_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pool.write(
        tmp_path, "a", rng.normal(0, 0.1, (4, 5 * pool.SAMPLE_RATE, 2)).astype(np.float32), {"voice": "sinsy"}
    )
    plan = Plan(minutes=1, batch=2, rate=1e-2, level_weight=0, averaging=0.5)
    trainer = Trainer(Networks(("vocals",), (2, 2, 2, 2, 2, 2)), plan, tmp_path, CPU)
    before = {name: array.copy() for name, array in trainer.average.arrays().items()}
    trainer.settle(Patches(pool.Pool([tmp_path], complete_only=True), 2, 0, Tapes(CPU), CPU, frames=64))
    after = trainer.average.arrays()
    changed = {name.rpartition("_")[2] for name in after if not np.array_equal(after[name], before[name])}
    assert changed == {"mean", "var"}
    assert (after["vocals/conv1/bn_var"] > 0).all()


@pytest.mark.parametrize("filters", [(2, 3, 4, 5, 6, 7), (3, 5, 4, 9, 6, 8)])
def test_a_wider_network_starts_with_the_same_masks(filters: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    narrow = Networks(("vocals",), (2, 3, 4, 5, 6, 7)).eval()
    wide = Networks(("vocals", "drums"), filters).eval()
    warm_start(wide, narrow.arrays())
    magnitude = torch.rand(1, 2, 128, 64) * 20
    with torch.no_grad():
        torch.testing.assert_close(wide(magnitude)[0], narrow(magnitude)[0])
        assert not wide(magnitude)[1].any()


def test_constants_make_up_for_stems_that_are_too_shy() -> None:
    torch.manual_seed(0)
    sources = torch.randn(4, 1, 2, 64, 64, dtype=torch.complex64)
    ideal = torch.log(loss.shares(Batch(mixture=sources.sum(0), sources=sources)))
    shy = torch.tensor([0.0, 0.75, 0.0, -0.5])

    class Shy(Networks):
        def forward(self, magnitude: Any) -> Any:
            assert magnitude.shape == ideal.shape[1:]
            return ideal - shy[:, None, None, None, None]

    heard = calibrate.Heard.of(Shy(("vocals",), (2, 2, 2, 2, 2, 2)), [sources])
    chosen = calibrate.choose(heard, 4)
    assert calibrate.overall(heard.judge(chosen)) > calibrate.overall(heard.judge((0.0,) * 4)) + 0.1
    assert chosen[1] - chosen[3] == pytest.approx(1.25, abs=0.3)
    arrays = {f"{name}/mask/bias": np.zeros(2, np.float32) for name in ("vocals", "bass")}
    assert calibrate.shifted(arrays, {"bass": 0.5})["bass/mask/bias"].tolist() == [0.5, 0.5]


def test_patches_are_as_long_as_asked_for_and_some_have_no_voice(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stems = rng.normal(0, 0.1, (4, 5 * pool.SAMPLE_RATE, 2)).astype(np.float32)
    pool.write(tmp_path, "a", stems, {"voice": "sinsy"})
    songs = pool.Pool([tmp_path], complete_only=True)
    for without_voice in (0.0, 1.0):
        patches = Patches(songs, 4, 0, Tapes(CPU), CPU, frames=256, without_voice=without_voice)
        batch = patches.batch(4)
        assert batch.mixture.shape == (4, 2, 256, 1024)
        heard = batch.sources[0].abs().sum((1, 2, 3)) > 0
        assert heard.all() if without_voice == 0 else not heard.any()


def test_instruments_alone_are_heard_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stems = rng.normal(0, 0.1, (4, 5 * pool.SAMPLE_RATE, 2)).astype(np.float32)
    pool.write(tmp_path, "band", stems, {"voice": "none"})
    pool.write(tmp_path, "soloist", stems, {"voice": "none", "alone": True})
    songs = pool.Pool([tmp_path], complete_only=True)
    assert [song.name for song in songs.alone] == ["soloist"]
    batch = Patches(songs, 4, 0, Tapes(CPU), CPU, frames=64, without_voice=1).batch(24)
    heard = batch.sources.abs().sum((2, 3, 4)) > 0
    alone = heard[3] & ~heard[:3].any(0)
    assert 2 <= int(alone.sum()) < 12


def test_favoured_voices_are_heard_more_often(tmp_path: Path) -> None:
    for number, kind in enumerate(("sinsy", "speech")):
        stems = np.zeros((4, 4 * pool.SAMPLE_RATE, 2), dtype=np.float32)
        stems[0] = np.sin(np.arange(4 * pool.SAMPLE_RATE) * (number + 1) / 10)[:, None] * 0.5
        pool.write(tmp_path, kind, stems, {"voice": kind})
    songs = pool.Pool([tmp_path], complete_only=True)
    patches = Patches(songs, 2, 0, Tapes(CPU), CPU, frames=64, without_voice=0, favour={"sinsy": 0})
    loudest = patches.batch(6).sources[0].abs().sum((1, 2)).argmax(-1)
    assert (loudest > 100).all()


def test_two_stems_have_the_same_loss_as_any_number() -> None:
    torch.manual_seed(0)
    sources = torch.randn(2, 1, 2, 64, 64, dtype=torch.complex64)
    batch = Batch(mixture=sources.sum(0), sources=sources)
    logits = torch.randn(2, 1, 2, 64, 64)
    weight = batch.mixture.abs() ** loss.WEIGHT_EXPONENT
    entropy = -(loss.shares(batch) * torch.log_softmax(logits, 0)).sum(0)
    expected = (weight / (weight.mean() + 1e-3) * entropy).mean()
    torch.testing.assert_close(loss.cross_entropy(logits, batch), expected)


def test_whole_songs_are_judged_to_their_end(tmp_path: Path) -> None:
    stems = np.zeros((4, 14 * pool.SAMPLE_RATE, 2), dtype=np.float32)
    stems[0, -1000:] = 0.5
    pool.write(tmp_path, "a", stems, {"voice": "sinsy"})
    (waves,) = held_out(tmp_path, 2)
    assert waves.shape == (2, 2, 2, length(FRAMES))
    assert spectra(waves).shape == (2, 2, 2, FRAMES, 1024)
    assert waves[0, 1].any()


def test_weights_are_mixed() -> None:
    first, second = {"a": np.zeros(2, np.float32)}, {"a": np.ones(2, np.float32)}
    assert blend.blended(first, second, 0.25)["a"].tolist() == [0.25, 0.25]
    assert blend.choose({0.0: {"stem0": 2.0}, 0.5: {"stem0": 3.0}, 1.0: {"stem0": 3.02}}) == 0.5
    with pytest.raises(ValueError, match="same network"):
        blend.blended(first, {"a": np.ones(3, np.float32)}, 0.5)
