"""Set how readily each stem is heard: ``python -m training.calibrate IN.npz OUT.npz --validation POOL --stems 2``.

One constant is added to the mask logits of each network, which costs nothing when running. All are chosen on
synthetic songs never trained on, without looking at real music: those of the instruments for the best mean SDR
over all stems, the voice's as the smallest whose mean SDR of vocals is within a tenth of a decibel of the best,
because a voice that is heard where nobody sings is the worse fault.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from training import weightfile
from training.data.patches import spectra
from training.network import Networks
from training.validation import Figures, held_out, means, note
from training.weightfile import Array

_STEPS = tuple(step / 8 for step in range(-8, 9))
_NEAR = 0.1
_FRAME_STEP = 4
_ROUNDS = 2

Constants = tuple[float, ...]
"""One for each network."""


class Heard:
    """What networks make of songs, before the constants.

    `songs` are pairs of logits and sources, both [stems, windows, 2, frames, bins].
    """

    def __init__(self, songs: list[tuple[Tensor, Tensor]]) -> None:
        self._songs = songs

    @classmethod
    def of(cls, networks: Networks, songs: Iterable[Tensor]) -> Self:
        """Compute what `networks` make of the spectra of songs."""
        networks.eval()
        with torch.no_grad():
            return cls([_some(networks(sources.sum(0).abs()), sources) for sources in songs])

    def judge(self, constants: Constants) -> dict[str, float]:
        """Return the figures with these constants."""
        found: Figures = {}
        for logits, sources in self._songs:
            shift = torch.zeros(len(logits))
            shift[: len(constants)] = torch.tensor(constants)
            note(found, logits + shift[:, None, None, None, None], sources)
        return means(found)


def _some(logits: Tensor, sources: Tensor) -> tuple[Tensor, Tensor]:
    """Return every fourth frame of both: enough for a mean over songs."""
    return logits[..., ::_FRAME_STEP, :].clone(), sources[..., ::_FRAME_STEP, :].clone()


def shifted(arrays: dict[str, Array], constants: dict[str, float]) -> dict[str, Array]:
    """Return `arrays` with a constant added to the mask logits of each network named."""
    changed = {
        f"{network}/mask/bias": np.asarray(arrays[f"{network}/mask/bias"] + constant, dtype=np.float32)
        for network, constant in constants.items()
    }
    return {**arrays, **changed}


def choose(heard: Heard, count: int) -> Constants:
    """Choose the constants for `count` networks, the first of which is the voice's."""
    chosen = [0.0] * count

    def judged(index: int, constant: float) -> dict[str, float]:
        return heard.judge((*chosen[:index], constant, *chosen[index + 1 :]))

    for index in list(range(1, count)) * _ROUNDS:
        chosen[index] = max(_STEPS, key=lambda step: overall(judged(index, step)))
    found = {step: judged(0, step)["stem0"] for step in _STEPS}
    chosen[0] = min(step for step in _STEPS if found[step] > max(found.values()) - _NEAR)
    return tuple(chosen)


def overall(figures: dict[str, float]) -> float:
    """Return the mean SDR over all stems."""
    ratios = [value for name, value in figures.items() if name != "leak"]
    return sum(ratios) / len(ratios)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--stems", type=int, choices=(2, 4), required=True)
    options = parser.parse_args()
    arrays = weightfile.read(options.weights)
    spec = weightfile.spec_of(options.stems, arrays)
    networks = Networks(spec.settings.networks, spec.settings.filters)
    networks.load_arrays(arrays)
    heard = Heard.of(networks, map(spectra, held_out(options.validation, options.stems)))
    constants = choose(heard, len(spec.settings.networks))
    for each in ((0.0,) * len(constants), constants):
        print(each, {name: round(value, 2) for name, value in heard.judge(each).items()}, flush=True)
    weightfile.write(options.out, shifted(arrays, dict(zip(spec.settings.networks, constants, strict=True))))


if __name__ == "__main__":
    main()
