"""What the conformance suite needs to know of a family: a small model, and its files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from separation.engines import model_files
from separation.engines.descriptors import ModelSpec
from separation.engines.protocol import EngineKind


@dataclass(frozen=True)
class TinyModel:
    """A model of the family's kind that separates a song in a moment."""

    spec: ModelSpec
    """With a folder of its own, and small settings."""
    files: Callable[[], dict[str, bytes]]
    """Contents by file name, in the official layout: random weights, always the same."""
    files_of_another: Callable[[], dict[str, bytes]]
    """The same files of a model with other shapes."""
    kinds: tuple[EngineKind, ...]
    """The engines that can run it on processors."""

    def install(self, models_dir: Path, files: dict[str, bytes]) -> Path:
        """Write and seal `files` as this model; return its folder."""
        folder = models_dir / self.spec.folder
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        model_files.seal(self.spec, folder)
        return folder
