"""Set how readily a voice is heard: ``python -m training.calibrate IN.npz OUT.npz --validation POOL --stems 2``.

One constant is added to the voice's mask logit: the smallest whose mean vocals SDR on synthetic songs never
trained on is within a tenth of a decibel of the best. It costs nothing when running, and is chosen without
looking at real music.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from training import weightfile
from training.network import Networks
from training.train import held_out, judge
from training.weightfile import Array

_STEPS = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)
_NEAR = 0.1


def shifted(arrays: dict[str, Array], constant: float) -> dict[str, Array]:
    """`arrays` with `constant` added to the voice's mask logit."""
    name = "vocals/mask/bias"
    return {**arrays, name: (arrays[name] + constant).astype(np.float32)}


def choose(found: dict[float, dict[str, float]]) -> float:
    """The constant to use, given what `judge` said about each."""
    best = max(figures["stem0"] for figures in found.values())
    return min(constant for constant, figures in found.items() if figures["stem0"] > best - _NEAR)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--stems", type=int, choices=(2, 4), required=True)
    options = parser.parse_args()
    arrays = weightfile.read(options.weights)
    spec = weightfile.spec_of(options.stems, arrays)
    networks = Networks(spec.networks, spec.filters)
    songs = held_out(options.validation, options.stems)
    found = {}
    for constant in _STEPS:
        networks.load_arrays(shifted(arrays, constant))
        found[constant] = judge(networks, songs, torch.device("cpu"))
        print(constant, found[constant], flush=True)
    weightfile.write(options.out, shifted(arrays, choose(found)))


if __name__ == "__main__":
    main()
