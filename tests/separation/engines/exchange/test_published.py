"""Published networks, exported from the code of their authors with random weights, give here what they give there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from separation.engines import model_files, registry
from separation.engines.chunking import Audio
from separation.engines.exchange.settings import ExchangeSettings, SpectrogramSettings
from separation.engines.streaming import separate
from tests.separation.engines.exchange.tiny import spec
from tests.separation.engines.reference_environment import run_reference

CLOSE = 1e-4
STEMS = ("vocals", "drums", "bass", "other")
BANDS = (2,) * 24 + (4,) * 12 + (12,) * 8 + (24,) * 8 + (48,) * 8 + (128, 129)

ROFORMER = {
    "dim": 16, "depth": 2, "stereo": True, "time_transformer_depth": 1, "freq_transformer_depth": 1, "dim_head": 8,
    "heads": 2, "stft_n_fft": 2048, "stft_hop_length": 441, "stft_win_length": 2048, "mlp_expansion_factor": 2,
}  # fmt: skip
MDX23C = {
    "instruments": STEMS,
    "audio": {"n_fft": 1024, "hop_length": 256, "dim_f": 512, "num_channels": 2},
    "model": {
        "act": "gelu", "bottleneck_factor": 4, "growth": 8, "norm": "InstanceNorm", "num_blocks_per_scale": 1,
        "num_channels": 8, "num_scales": 2, "num_subbands": 4, "scale": (2, 2),
    },
}  # fmt: skip
SCNET = {
    "dims": (4, 8, 16), "nfft": 1024, "hop_size": 256, "win_size": 1024, "conv_depths": (1, 1, 1),
    "num_dplayer": 2,
}  # fmt: skip

NETWORKS: dict[str, tuple[dict[str, Any], ExchangeSettings]] = {
    "demucs2": (
        {"channels": 4, "depth": 3},
        ExchangeSettings("model.onnx", 20_000, 20_000, "b c n", "b s c n", 1),
    ),
    "openunmix": (
        {"frame_length": 512, "hop": 128, "hidden": 16, "input_bins": 200},
        ExchangeSettings(
            "model.onnx", 20_000, 20_000, "b c f t", "b s c f t", 1,
            spectrogram=SpectrogramSettings(512, 128, 257, "magnitudes", "spectra"),
        ),
    ),
    "bs_roformer": (
        ROFORMER | {"num_stems": 4, "freqs_per_bands": BANDS},
        ExchangeSettings(
            "model.onnx", 22_050, 22_050, "b t (f c p)", "b s t (f c p)", 1,
            spectrogram=SpectrogramSettings(2048, 441, 1025, "complex", "masks"),
        ),
    ),
    "mel_band_roformer": (
        ROFORMER | {"num_stems": 1, "num_bands": 60, "sample_rate": 44_100},
        ExchangeSettings(
            "model.onnx", 22_050, 22_050, "b t (f c p)", "b s t (f c p)", 1, residual=True,
            spectrogram=SpectrogramSettings(2048, 441, 1025, "complex", "masks"),
        ),
    ),
    "mdx23c": (
        MDX23C,
        ExchangeSettings(
            "model.onnx", 127 * 256, 127 * 256, "b (c p) f t", "b s (c p) f t", 1,
            spectrogram=SpectrogramSettings(1024, 256, 512, "complex", "spectra"),
        ),
    ),
    "scnet": (
        SCNET,
        ExchangeSettings(
            "model.onnx", 31 * 256, 31 * 256, "b (c p) f t", "b s (c p) f t", 1,
            spectrogram=SpectrogramSettings(1024, 256, 513, "complex", "spectra", "rectangular"),
        ),
    ),
}  # fmt: skip
"""Arguments of the original in small, and how its exported file is described."""


def clip(samples: int) -> Audio:
    """Two tones and noise from different directions; the last sample is zero."""
    generator = np.random.default_rng(samples)
    moments = np.arange(samples) / 44_100
    sources = [
        0.3 * np.sin(2 * np.pi * 220 * moments),
        0.2 * np.sin(2 * np.pi * (900 + 4000 * moments) * moments),
        generator.normal(0, 0.1, samples),
    ]
    audio = np.array([[0.8, 0.3, 0.5], [0.4, 0.9, -0.2]]) @ np.array(sources)
    audio[:, -1] = 0
    return np.asarray(audio, dtype=np.float32)


# One test, so that one process of the originals does everything.
def test_exported_networks_give_what_the_originals_give(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases = []
    for name, (arguments, settings) in NETWORKS.items():
        np.save(tmp_path / f"{name}.npy", clip(settings.length))
        cases.append({"name": name, "network": name, "arguments": arguments, "samples": settings.length})
    run_reference(Path(__file__).with_name("reference.py"), tmp_path, json.dumps(cases))
    for name, (_, settings) in NETWORKS.items():
        with subtests.test(network=name):
            expected = np.load(tmp_path / name / "stems.npy")
            stems = ("vocals", "rest") if settings.residual else STEMS
            model = spec(name, settings, stems, ("model.onnx",))
            model_files.seal(model, tmp_path / name)
            audio = clip(settings.length)
            separated = np.concatenate(list(separate([audio], registry.load_engine(model, tmp_path))), axis=2)
            if settings.residual:
                expected = np.stack([*expected, audio - expected.sum(axis=0)])
            assert separated.shape == (len(stems), 2, settings.length)
            assert expected.shape[2] >= settings.length - 1
            separated = separated[:, :, : expected.shape[2]]
            np.testing.assert_allclose(separated, expected, rtol=0, atol=CLOSE)
            assert np.abs(expected).max(axis=(1, 2)).min() > 1e-3
