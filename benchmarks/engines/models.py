"""Models of official size with random weights, in the official layout: what they cost is what the real cost.

Made once into a cache folder by a process of its own (``python -m benchmarks.engines.models FOLDER NAME``), because it
needs TensorFlow.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.songs import music
from separation.engines import model_files, modelspec
from separation.engines.spleeter import weights
from separation.engines.spleeter.settings import SpleeterSpec

_SECONDS = 24


def ensure(folder: Path, name: str) -> Path:
    """The models folder that holds the model ``name`` ("2stems"), made if it is not there."""
    models_dir = folder / "models"
    if not model_files.is_available(modelspec.get(f"spleeter:{name}"), models_dir):
        print(f"making a random model of official size: {name} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "benchmarks.engines.models", str(models_dir), name], check=True)
    return models_dir


def configuration(models_dir: Path, slug: str) -> Path:
    """The file that makes Spleeter use our copy of the model ``slug``."""
    spec = modelspec.get(slug)
    path = models_dir / f"{slug.replace(':', '-')}.json"
    path.write_text(json.dumps(weights.spleeter_configuration(spec, models_dir / spec.folder), indent=1))
    return path


def _drawn(spec: SpleeterSpec) -> dict[str, npt.NDArray[np.float32]]:
    """Random weights whose batch normalisations fit what they see, as in a trained network.

    Otherwise the masks would all be 0 or 1, which hides errors.
    """
    import tensorflow as tf

    generator = np.random.default_rng(42)
    magnitude = _magnitude(tf, spec)
    drawn: dict[str, npt.NDArray[np.float32]] = {}
    encode, decode = (
        {"LeakyReLU": lambda x: tf.nn.leaky_relu(x, 0.2), "ReLU": tf.nn.relu, "ELU": tf.nn.elu}[name]
        for name in (spec.settings.conv_activation, spec.settings.deconv_activation)
    )
    shapes = weights.shapes(spec)

    def draw(name: str) -> npt.NDArray[np.float32]:
        shape = shapes[name]
        kind = name.rsplit("/", 1)[1]
        if kind == "kernel":
            fan = shape[0] * shape[1] * (shape[3] / 4 if "/up" in name else shape[2])
            values = generator.uniform(-1, 1, shape) * (0.8 * np.sqrt(6 / fan))
        elif kind == "bias":
            values = generator.normal(0, 0.1, shape)
        elif kind == "bn_gamma":
            values = generator.uniform(0.5, 1.5, shape)
        else:
            values = generator.normal(0, 0.3, shape)
        drawn[name] = np.asarray(values, dtype=np.float32)
        return drawn[name]

    def normalise(node: Any, layer: str) -> Any:
        mean, variance = (moment.numpy() for moment in tf.nn.moments(node, [0, 1, 2]))
        drawn[f"{layer}/bn_mean"], drawn[f"{layer}/bn_var"] = mean, variance + np.float32(1e-4)
        return tf.nn.batch_normalization(
            node, mean, variance, draw(f"{layer}/bn_beta"), draw(f"{layer}/bn_gamma"), 1e-3
        )

    for network in spec.settings.networks:
        skips: list[Any] = []
        node = magnitude
        for number in range(1, weights.DEPTH + 1):
            layer = f"{network}/conv{number}"
            node = tf.nn.conv2d(node, draw(f"{layer}/kernel"), 2, "SAME") + draw(f"{layer}/bias")
            skips.append(node)
            if number < weights.DEPTH:
                node = encode(normalise(node, layer))
        for number in range(1, weights.DEPTH + 1):
            layer = f"{network}/up{number}"
            kernel = draw(f"{layer}/kernel")
            shape = [*(2 * size for size in node.shape[1:3]), kernel.shape[2]]
            node = tf.nn.conv2d_transpose(node, kernel, [node.shape[0], *shape], 2, "SAME")
            node = normalise(decode(node + draw(f"{layer}/bias")), layer)
            if number < weights.DEPTH:
                node = tf.concat([skips[weights.DEPTH - 1 - number], node], axis=3)
        draw(f"{network}/mask/kernel")
        draw(f"{network}/mask/bias")
    return drawn


def _magnitude(tf: Any, spec: SpleeterSpec) -> Any:
    frames = tf.signal.stft(music(_SECONDS), 4096, 1024, window_fn=tf.signal.hann_window)
    magnitude = tf.transpose(tf.abs(frames), [1, 2, 0])[:, : spec.settings.bins]
    return tf.stack([magnitude[:512], magnitude[512:1024]])


def _make(models_dir: Path, name: str) -> None:
    spec = modelspec.get(f"spleeter:{name}")
    weights.export_to_spleeter(spec, _drawn(spec), models_dir / name)
    model_files.seal(spec, models_dir / name)


if __name__ == "__main__":
    _make(Path(sys.argv[1]), sys.argv[2])
