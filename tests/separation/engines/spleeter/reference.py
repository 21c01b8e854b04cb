"""``python -m tests.separation.engines.spleeter.reference FOLDER``: separate the clips with unmodified Spleeter.

A process of its own: TensorFlow takes seconds to import, warns, and must not be loaded where tests run.
Writes ``FOLDER/<model>/`` in Spleeter's format, and ``FOLDER/<model>-<samples>.npy``, [stems, 2, samples].
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from separation.engines.spleeter import weights
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.spleeter.tensorflow import TensorFlowEngine
from separation.engines.streaming import separate
from tests.separation.engines.spleeter.models import LENGTHS, MODELS, TWO_CHUNKS, clip, weights_of


def main(folder: Path) -> None:
    from spleeter.separator import Separator

    for name, spec in MODELS.items():
        configuration = weights.export_to_spleeter(spec, weights_of(name), folder / name)
        if name == "two":
            save_every_length(folder, configuration)
            continue
        separator = Separator(str(configuration), multiprocess=False)
        stems = separator.separate(np.ascontiguousarray(clip(TWO_CHUNKS).T))
        save(folder / f"{name}-{TWO_CHUNKS}.npy", spec, stems)
    save_tensorflow_engine(folder)


def save(path: Path, spec: SpleeterSpec, stems: dict[str, Any]) -> None:
    np.save(path, np.stack([stems[stem].T for stem in spec.stems]))


def save_every_length(folder: Path, configuration: Path) -> None:
    """Save the stems of clips of every length from one session: ``separate`` would build its graph for each."""
    from spleeter.separator import Separator

    separator = Separator(str(configuration), multiprocess=False)
    with separator._tf_graph.as_default():
        features = separator._get_features()
        outputs = {
            name: output for name, output in separator._get_builder().outputs.items() if name != "audio_id"
        }
        session = separator._get_session()
        for samples in LENGTHS:
            stems = session.run(outputs, {features["waveform"]: clip(samples).T, features["audio_id"]: ""})
            save(folder / f"two-{samples}.npy", MODELS["two"], stems)


def save_tensorflow_engine(folder: Path) -> None:
    """Save the stems of our TensorFlow engine as ``FOLDER/tensorflow-<model>.npy``."""
    for name in ("compact2", "two"):
        engine = TensorFlowEngine(MODELS[name], weights_of(name), threads=1)
        result = np.concatenate(list(separate([clip(TWO_CHUNKS)], engine)), axis=2)
        np.save(folder / f"tensorflow-{name}.npy", result)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
