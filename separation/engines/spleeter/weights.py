"""A model's weights: read from the bundled file or an official checkpoint, written in Spleeter's own format.

Everywhere else they are a flat dict of float32 arrays, in TensorFlow's layouts, with readable names for each
network: ``vocals/conv1/kernel`` .. ``conv6``, ``vocals/up1`` .. ``up6``, ``vocals/mask``; the batch
normalisations are ``vocals/conv1/bn_gamma|beta|mean|var`` (``conv6`` has none: Spleeter builds one there, but
never uses it).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from separation.engines import model_files
from separation.engines.caches.weight_cache import Array, Weights
from separation.engines.descriptors import ModelUnavailable
from separation.engines.spleeter.checkpoint import TensorPlace, locate_tensors, read_checkpoint
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.spleeter.stft_params import FRAME_LENGTH, FRAMES, HOP

_T = TypeVar("_T", np.ndarray[Any, Any], TensorPlace)

DEPTH = 6
_UNUSED_NORMALISATION = 5
_NORMALISATION_PARTS = {
    "gamma": "bn_gamma",
    "beta": "bn_beta",
    "moving_mean": "bn_mean",
    "moving_variance": "bn_var",
}


def load(spec: SpleeterSpec, models_dir: Path) -> Weights:
    """Load the weights of `spec`, verified by checksum and complete.

    Raises `ModelUnavailable` if anything is missing or differs, so that nothing ever runs on other weights.
    """
    folder = model_files.verified(spec, models_dir)
    read = _read_bundled if spec.bundled else load_checkpoint
    try:
        weights = read(spec, folder)
        check(spec, weights)
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{spec.slug}: {error}") from error
    return weights


def _read_bundled(spec: SpleeterSpec, folder: Path) -> Weights:
    with np.load(folder / spec.files[0].name) as archive:
        return {name: archive[name].astype(np.float32) for name in archive.files}


def load_checkpoint(spec: SpleeterSpec, folder: Path) -> Weights:
    """Map the weights of `spec` read-only from the TensorFlow checkpoint in `folder`.

    Raises `ModelUnavailable` if a variable is missing, and what `read_checkpoint` raises.
    """
    tensors = read_checkpoint(folder / "model")
    return {name: tensor.view(np.float32) for name, tensor in _by_our_names(spec, tensors)}


def locate(spec: SpleeterSpec, folder: Path) -> dict[str, tuple[int, int]]:
    """Return where each array of `spec` lies in the data file of the checkpoint in `folder`: (byte, count of float32).

    Raises as `load_checkpoint`.
    """
    places = _by_our_names(spec, locate_tensors(folder / "model"))
    return {name: (place.offset, place.size // place.dtype.itemsize) for name, place in places}


def _by_our_names(spec: SpleeterSpec, variables: Mapping[str, _T]) -> Iterator[tuple[str, _T]]:
    """Yield what `variables` has for each array of `spec`. Raises `ModelUnavailable` if one is missing."""
    for name, variable in variable_names(spec.stems):
        if name is None:
            continue
        found = variables.get(variable)
        if found is None or found.dtype != np.float32:
            raise ModelUnavailable(f"{spec.slug}: the checkpoint has no variable {variable}")
        yield name, found


def variable_names(networks: tuple[str, ...]) -> Iterator[tuple[str | None, str]]:
    """Yield (our name, Spleeter's variable name) for each variable of `networks`, in the order Keras numbers them.

    Our name is None for the batch normalisation that Spleeter creates and never uses.
    """

    def numbered(kind: str, index: int) -> str:
        return kind if index == 0 else f"{kind}_{index}"

    for n, network in enumerate(networks):
        for layer in range(DEPTH + 1):
            variable = numbered("conv2d", (DEPTH + 1) * n + layer)
            ours = f"{network}/mask" if layer == DEPTH else f"{network}/conv{layer + 1}"
            yield from ((f"{ours}/{part}", f"{variable}/{part}") for part in ("kernel", "bias"))
        for layer in range(DEPTH):
            variable = numbered("conv2d_transpose", DEPTH * n + layer)
            yield from (
                (f"{network}/up{layer + 1}/{part}", f"{variable}/{part}") for part in ("kernel", "bias")
            )
        for layer in range(2 * DEPTH):
            variable = numbered("batch_normalization", 2 * DEPTH * n + layer)
            side = f"conv{layer + 1}" if layer < DEPTH else f"up{layer - DEPTH + 1}"
            for theirs, part in _NORMALISATION_PARTS.items():
                unused = layer == _UNUSED_NORMALISATION
                yield None if unused else f"{network}/{side}/{part}", f"{variable}/{theirs}"


def shapes(spec: SpleeterSpec) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array that the weights of `spec` consist of, by name."""
    widths = (2, *spec.settings.filters)
    result: dict[str, tuple[int, ...]] = {}
    for network in spec.settings.networks:
        for layer in range(1, DEPTH + 1):
            result[f"{network}/conv{layer}/kernel"] = (5, 5, widths[layer - 1], widths[layer])
            result[f"{network}/conv{layer}/bias"] = (widths[layer],)
            wide_out = widths[DEPTH - layer] if layer < DEPTH else 1
            wide_in = widths[DEPTH] if layer == 1 else 2 * widths[DEPTH + 1 - layer]
            result[f"{network}/up{layer}/kernel"] = (5, 5, wide_out, wide_in)
            result[f"{network}/up{layer}/bias"] = (wide_out,)
            for part in _NORMALISATION_PARTS.values():
                result[f"{network}/up{layer}/{part}"] = (wide_out,)
                if layer != _UNUSED_NORMALISATION + 1:
                    result[f"{network}/conv{layer}/{part}"] = (widths[layer],)
        result[f"{network}/mask/kernel"] = (4, 4, 1, 2)
        result[f"{network}/mask/bias"] = (2,)
    return result


def check(spec: SpleeterSpec, weights: Weights) -> None:
    """Raise ValueError unless `weights` are exactly the arrays of `spec`, of the right shapes and finite."""
    expected = shapes(spec)
    found = {name: array.shape for name, array in weights.items()}
    if found != expected:
        wrong = sorted(
            name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        )
        raise ValueError(f"{len(wrong)} arrays are missing or misshapen, first {wrong[0]}")
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise ValueError("the weights contain values that are not numbers")


def with_every_network(spec: SpleeterSpec, weights: Weights) -> Weights:
    """Return `weights` with a network for each stem, which Spleeter requires.

    A stem without one gets the other network with its mask layer negated: sigmoid(-x) = 1 - sigmoid(x).
    """
    full = dict(weights)
    for stem in spec.stems:
        if stem in spec.settings.networks:
            continue
        (source,) = spec.settings.networks
        for name, array in weights.items():
            part = name.removeprefix(f"{source}/")
            full[f"{stem}/{part}"] = -array if part.startswith("mask/") else array
    return full


def spleeter_params(spec: SpleeterSpec) -> dict[str, Any]:
    """Return the parameters of Spleeter's network functions for the network of `spec`."""
    return {
        "conv_n_filters": list(spec.settings.filters),
        "conv_activation": spec.settings.conv_activation,
        "deconv_activation": spec.settings.deconv_activation,
    }


def spleeter_configuration(spec: SpleeterSpec, model_dir: Path) -> dict[str, Any]:
    """Return the configuration with which Spleeter builds the network of `spec` from a checkpoint in `model_dir`."""
    return {
        "train_csv": "",
        "validation_csv": "",
        "model_dir": str(model_dir.resolve()),
        "mix_name": "mix",
        "instrument_list": list(spec.stems),
        "sample_rate": spec.sample_rate,
        "frame_length": FRAME_LENGTH,
        "frame_step": HOP,
        "T": FRAMES,
        "F": spec.settings.bins,
        "n_channels": 2,
        "separation_exponent": spec.settings.exponent,
        "mask_extension": spec.settings.mask_extension,
        "learning_rate": 1e-4,
        "batch_size": 4,
        "random_seed": 0,
        "model": {
            "type": "unet.softmax_unet" if spec.settings.softmax else "unet.unet",
            "params": spleeter_params(spec),
        },
    }


def export_to_spleeter(spec: SpleeterSpec, weights: Weights, folder: Path) -> Path:
    """Write `weights` into `folder` as checkpoint and configuration for Spleeter; returns the latter's path.

    ``spleeter.separator.Separator(str(path), multiprocess=False)`` then separates with them. Imports
    TensorFlow.
    """
    import tensorflow as tf  # three seconds and 500 MB that nothing else here needs

    folder.mkdir(parents=True, exist_ok=True)
    full = with_every_network(spec, weights)
    values: dict[str, Any] = {
        variable: _unused(spec, variable) if name is None else full[name]
        for name, variable in variable_names(spec.stems)
    }
    values["global_step"] = np.int64(1)  # Estimator insists on finding it
    tf.raw_ops.SaveV2(
        prefix=str(folder.resolve() / "model"),
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
    (folder / "checkpoint").write_text('model_checkpoint_path: "model"\n')
    (folder / ".probe").write_text("OK")  # tells Spleeter's provider that nothing must be downloaded
    path = folder / "config.json"
    path.write_text(json.dumps(spleeter_configuration(spec, folder), indent=1))
    return path


def _unused(spec: SpleeterSpec, variable: str) -> Array:
    value = 1.0 if variable.endswith(("gamma", "moving_variance")) else 0.0
    return np.full(spec.settings.filters[-1], value, dtype=np.float32)
