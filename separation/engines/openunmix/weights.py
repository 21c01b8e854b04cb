"""Read the official files of Open-Unmix, as ``torch.save`` wrote them: the weights of one stem's network in each."""

from pathlib import Path

from separation.engines import model_files
from separation.engines.descriptors import ModelUnavailable
from separation.engines.openunmix.network import Weights, shapes
from separation.engines.openunmix.settings import OpenUnmixSpec, networks
from separation.engines.weightfiles.errors import WeightFileError
from separation.engines.weightfiles.states import read_state


def load(spec: OpenUnmixSpec, models_dir: Path) -> Weights:
    """Map the weights of `spec`, verified by checksum and complete. Raises `ModelUnavailable`."""
    folder = model_files.verified(spec, models_dir)
    expected = shapes(spec.settings)
    try:
        return {
            stem: read_state(folder / file.name, expected)
            for stem, file in zip(networks(spec), spec.files, strict=True)
        }
    except (WeightFileError, OSError) as error:
        raise ModelUnavailable(f"{spec.slug}: {error}") from error
