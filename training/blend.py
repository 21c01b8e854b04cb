"""Mix two sets of weights: ``python -m training.blend FIRST.npz SECOND.npz OUT.npz --validation POOL --stems 2``.

Weights that were trained on from others still lie in the same valley, and somewhere between the two is often
better than either, above all on music unlike that of the training. Each share of SECOND is judged on whole songs
never trained on; the smallest within a twentieth of a decibel of the best voice is kept, or the one asked for.
"""

import argparse
from pathlib import Path

import torch

from training import weightfile
from training.network import Networks
from training.validation import held_out, judge
from training.weightfile import Array

_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_NEAR = 0.05


def blended(first: dict[str, Array], second: dict[str, Array], share: float) -> dict[str, Array]:
    """Mix `first` and `second` array by array. Raises ValueError if they are not of one network."""
    if {name: array.shape for name, array in first.items()} != {
        name: array.shape for name, array in second.items()
    }:
        raise ValueError("these are not weights of the same network")
    return {name: ((1 - share) * first[name] + share * second[name]).astype("float32") for name in first}


def choose(found: dict[float, dict[str, float]]) -> float:
    """Return the share to use, given what `judge` said about each."""
    best = max(figures["stem0"] for figures in found.values())
    return min(share for share, figures in found.items() if figures["stem0"] > best - _NEAR)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.blend", description=__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--stems", type=int, choices=(2, 4), required=True)
    parser.add_argument("--validation", type=Path, help="folder of songs never trained on")
    parser.add_argument("--share", type=float, help="share of SECOND; none is judged then")
    options = parser.parse_args()
    first, second = weightfile.read(options.first), weightfile.read(options.second)
    share = options.share
    if share is None:
        if options.validation is None:
            parser.error("give --validation or --share")
        spec = weightfile.spec_of(options.stems, first)
        networks = Networks(spec.settings.networks, spec.settings.filters)
        songs = held_out(options.validation, options.stems)
        found = {}
        for candidate in _SHARES:
            networks.load_arrays(blended(first, second, candidate))
            found[candidate] = judge(networks, songs, torch.device("cpu"))
            print(candidate, found[candidate], flush=True)
        share = choose(found)
    weightfile.write(options.out, blended(first, second, share))


if __name__ == "__main__":
    main()
