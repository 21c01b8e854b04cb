"""Where training starts: from weights that exist, of the same network or of a narrower one."""

import numpy as np
import numpy.typing as npt

from training.network import DEPTH, Networks
from training.weightfile import Array


def warm_start(networks: Networks, first: dict[str, Array], second: dict[str, Array] | None = None) -> None:
    """Start `networks` from trained weights, which may be narrower: each net from its namesake.

    That is looked for in `first`, then in `second`. Networks that appear nowhere start as the voice's, with a
    mask layer of zeros (no opinion).
    """
    arrays: dict[str, Array] = {}
    for name, blank in networks.arrays().items():
        net, _, part = name.partition("/")
        source = next((pool for pool in (first, second or {}) if f"{net}/{part}" in pool), None)
        if source is not None:
            arrays[name] = source[name]
        else:
            arrays[name] = np.zeros_like(blank) if part.startswith("mask/") else first[f"vocals/{part}"]
    networks.load_arrays(widened(arrays, networks.arrays()))


def widened(narrow: dict[str, Array], blank: dict[str, Array]) -> dict[str, Array]:
    """Put `narrow` into `blank`, a fresh network at least as wide: both give the same masks.

    Nothing that was there listens to what is new, until training finds a use for it.
    """
    result = {}
    for name, fresh in blank.items():
        old = narrow[name]
        net, layer, part = name.split("/")
        if part != "kernel":
            result[name] = np.concatenate([old, fresh[len(old) :]])
            continue
        transposed = layer.startswith("up")
        inner = fresh.swapaxes(2, 3).copy() if transposed else fresh.copy()  # now [.., .., in, out]
        old = old.swapaxes(2, 3) if transposed else old
        inner[:, :, :, : old.shape[3]] = 0
        inputs = _places(narrow, blank, net, layer, old.shape[2])
        inner[:, :, inputs, : old.shape[3]] = old
        result[name] = inner.swapaxes(2, 3) if transposed else inner
    return result


def _places(
    narrow: dict[str, Array], blank: dict[str, Array], net: str, layer: str, inputs: int
) -> npt.NDArray[np.int64]:
    """Find the channels of a layer of `blank` that the layer of `narrow` has as `inputs`."""
    places = np.arange(inputs)
    if layer.startswith("up") and layer != "up1":  # the encoder's channels, then the decoder's
        encoder = f"{net}/conv{DEPTH + 1 - int(layer[2:])}/bias"
        places[len(narrow[encoder]) :] += len(blank[encoder]) - len(narrow[encoder])
    return places
