"""Pack trained weights for the repository: ``python -m training.export RUN/weights.npz --stems 2 --out FOLDER``.

Writes ``compact-<n>stems.npz`` in float16 and prints its size and digest, which belong into
the model's descriptor. With ``--spleeter FOLDER`` the same weights are also written as checkpoint and
configuration that Spleeter itself loads (this needs TensorFlow).
"""

import argparse
from pathlib import Path

import numpy as np

from audio.checksum import checksum
from separation.engines.caches.weight_cache import Weights
from separation.engines.spleeter import weights
from separation.engines.spleeter.settings import SpleeterSpec
from training import weightfile

_LARGEST = 60_000
"""Float16 ends at 65,504."""


def half(arrays: Weights, spec: SpleeterSpec) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float16]]]:
    """Return `arrays` as float16. Raises ValueError if they are not those of `spec` or do not fit."""
    if {name: array.shape for name, array in arrays.items()} != weights.shapes(spec):
        raise ValueError(f"these are not the arrays of {spec.slug}")
    for name, array in arrays.items():
        if not np.isfinite(array).all() or np.abs(array).max() > _LARGEST:
            raise ValueError(f"{name} does not fit into float16")
    return {name: array.astype(np.float16) for name, array in sorted(arrays.items())}


def pack(arrays: Weights, spec: SpleeterSpec, folder: Path) -> Path:
    """Write the file that the engine loads, named as `spec` says, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / spec.files[0].name
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **half(arrays, spec))
    part.replace(path)
    return path


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__)
    parser.add_argument("weights", type=Path, help="weights.npz of a run")
    parser.add_argument("--stems", type=int, choices=(2, 4), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--spleeter", type=Path, help="also write Spleeter's own format into this folder")
    options = parser.parse_args()
    arrays = weightfile.read(options.weights)
    spec = weightfile.spec_of(options.stems, arrays)
    path = pack(arrays, spec, options.out)
    print(path, path.stat().st_size, "bytes, SHA-256", checksum(path))
    if options.spleeter:
        print(weights.export_to_spleeter(spec, weightfile.read(path), options.spleeter))


if __name__ == "__main__":
    main()
