"""The models and clips that both the tests and the reference process make for themselves, always the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from separation.engines import modelspec
from separation.engines.caches.weight_cache import Weights
from separation.engines.descriptors import SAMPLE_RATE
from separation.engines.spleeter import weights
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.spleeter.stft_params import STRIDE

SMALL = (4, 6, 8, 8, 12, 16)
DEEP = (4, 4, 8, 96, 192, 384)


def with_filters(spec: SpleeterSpec, filters: tuple[int, ...]) -> SpleeterSpec:
    """`spec` with other numbers of channels."""
    return replace(spec, settings=replace(spec.settings, filters=filters))


MODELS: dict[str, SpleeterSpec] = {
    "compact2": modelspec.SPECS["compact:2stems"],
    "compact4": modelspec.SPECS["compact:4stems"],
    # The official configurations in small: leaky ReLU, ELU, softmax over five; 11 and 16 kHz.
    "two": with_filters(modelspec.SPECS["spleeter:2stems"], SMALL),
    "four": with_filters(modelspec.SPECS["spleeter:4stems"], SMALL),
    "five": with_filters(modelspec.SPECS["spleeter:5stems-16kHz"], SMALL),
    # Its inner layers are so large that the native engine stores their kernels untransformed.
    "deep": with_filters(modelspec.SPECS["spleeter:2stems"], DEEP),
}

# A song is preceded by one frame of 4096 zeros, so it fills the first chunk's stride at STRIDE - 4096 samples.
LENGTHS = (1, 100, 5000, STRIDE - 4097, STRIDE - 4096, STRIDE - 4095, 2 * STRIDE - 4096 - 1500)
TWO_CHUNKS = STRIDE - 4095


def weights_of(name: str) -> Weights:
    """The weights of a model: bundled ones as they are, others drawn so that the masks take all values."""
    spec = MODELS[name]
    if spec.bundled:
        return weights.load(spec, Path())
    return drawn(spec)


def drawn(spec: SpleeterSpec) -> Weights:
    """Weights of `spec`, always the same, drawn so that the masks take all values."""
    generator = np.random.default_rng(len(spec.stems))
    return {part: _drawn(part, shape, generator) for part, shape in weights.shapes(spec).items()}


def _drawn(part: str, shape: tuple[int, ...], generator: np.random.Generator) -> npt.NDArray[np.float32]:
    kind = part.rsplit("/", 1)[1]
    if kind == "kernel":
        fan = shape[0] * shape[1] * (shape[3] / 4 if "/up" in part else shape[2])
        values = generator.uniform(-1, 1, shape) * np.sqrt(6 / fan)
    elif kind == "bn_gamma":
        values = generator.uniform(0.5, 1.5, shape)
    elif kind == "bn_var":
        # The first layer sees magnitudes of up to some hundreds.
        values = generator.uniform(0.5, 1.5, shape) * (400 if "/conv1/" in part else 1)
    else:
        values = generator.normal(0, 0.2, shape)
    return np.asarray(values, dtype=np.float32)


def clip(samples: int) -> npt.NDArray[np.float32]:
    """[2, samples] of noise and gliding tones, with silence here and there."""
    generator = np.random.default_rng(samples)
    time = np.arange(samples) / SAMPLE_RATE
    tones = 0.3 * np.sin(2 * np.pi * (220 + 40 * time) * time) + 0.2 * np.sin(2 * np.pi * 3000 * time)
    noise = generator.normal(0, 0.1, (2, samples)) * (np.sin(2 * np.pi * 0.7 * time) >= 0)
    sounding = np.sin(2 * np.pi * 0.3 * time + 1) > -0.5
    return np.asarray((tones + noise) * sounding, dtype=np.float32)
