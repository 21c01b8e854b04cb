"""The models that Stemoteca knows, which of them are installed, and which to prefer.

Those that come with it are read once. Those of an administrator are files ``descriptors/*.toml`` in the folder for
models, which is looked at each time: what is added, changed or removed there counts at once, in every process. A file
that is wrong is left out, and said to be, see `Models.wrong`.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from pathlib import Path
from typing import NamedTuple

from separation.engines import descriptors, model_files
from separation.engines.descriptors import DescriptorError, ModelSpec, ModelUnavailable
from separation.engines.families import FAMILIES

_ENGINES_DIR = Path(__file__).parent


OWN = "descriptors"
"""Name of the folder with an administrator's descriptors."""
_MOST_OWN = 500
"""Descriptors of an administrator; more are not read."""


class _Own(NamedTuple):
    """What was found in a folder of an administrator's descriptors."""

    state: tuple[object, ...]
    """The folder, and names, sizes and times of the files; as long as it is equal, so are they."""
    specs: dict[str, ModelSpec]
    """All models by slug, in order."""
    wrong: dict[str, str]
    """By the name of a file, what is wrong in it."""
    paths: dict[str, Path]
    """The files of an administrator's models, by slug."""


class Models(Mapping[str, ModelSpec]):
    """All models by slug, in order of the number of stems, and of preference among models with the same."""

    def __init__(self, packaged: dict[str, ModelSpec]) -> None:
        self.packaged = packaged
        self.models_dir: Path | None = None
        self._own = _Own((), {}, {}, {})

    def look_in(self, models_dir: Path | None) -> None:
        """From now on, also know the models whose descriptors are in this folder for models, or in none."""
        self.models_dir = models_dir

    @property
    def folder(self) -> Path | None:
        """Return the folder of the administrator's descriptors, whether or not it exists."""
        return self.models_dir / OWN if self.models_dir else None

    @property
    def wrong(self) -> dict[str, str]:
        """Return sentences that say what is wrong in descriptors of the administrator, by their names."""
        return self._look().wrong

    @property
    def own(self) -> dict[str, Path]:
        """Return the administrator's descriptors by slug."""
        return self._look().paths

    def __getitem__(self, slug: str) -> ModelSpec:
        return self._known()[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def values(self) -> ValuesView[ModelSpec]:
        """Return the models as they are now."""
        return self._known().values()

    def check_own(self, spec: ModelSpec, name: str, others: Iterable[ModelSpec]) -> None:
        """Raise `DescriptorError` if slug or folder of the administrator's `spec`, read from `name`, are another's."""
        for other in (*self.packaged.values(), *others):
            if other.slug == spec.slug:
                raise DescriptorError(f"{name}: slug: {spec.slug!r} is another model's")
            if other.folder == spec.folder:
                raise DescriptorError(f"{name}: folder: {spec.folder!r} is that of {other.slug}")
        if spec.folder == OWN:
            raise DescriptorError(f"{name}: folder: {OWN!r} is that of the descriptors")

    def _known(self) -> dict[str, ModelSpec]:
        own = self._look()
        return own.specs if own.paths else self.packaged

    def _look(self) -> _Own:
        """Return what is in the folder now; read the files if any has changed since the last time."""
        folder = self.folder
        if folder is None:
            return _Own((), {}, {}, {})
        try:
            state: tuple[object, ...] = (folder, *_states(folder))
        except (FileNotFoundError, NotADirectoryError):
            return _Own((), {}, {}, {})
        except OSError as error:
            return _Own((), {}, {OWN: f"{OWN}: {error.strerror}"}, {})
        own = self._own
        if own.state != state:
            own = self._own = self._read(folder, state)
        return own

    def _read(self, folder: Path, state: tuple[object, ...]) -> _Own:
        paths: dict[str, Path] = {}
        specs: dict[str, ModelSpec] = {}
        wrong: dict[str, str] = {}
        for path in _paths(folder)[:_MOST_OWN]:
            try:
                spec = descriptors.read_own(path, FAMILIES[descriptors.OWN_FAMILY].SETTINGS)
                self.check_own(spec, path.name, specs.values())
            except DescriptorError as error:
                wrong[path.name] = str(error)
            except OSError as error:
                wrong[path.name] = f"{path.name}: {error.strerror}"
            else:
                specs[spec.slug], paths[spec.slug] = spec, path
        return _Own(state, in_order({**self.packaged, **specs}), wrong, paths)


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.toml") if not path.name.startswith("."))


def _states(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    with os.scandir(folder) as entries:
        files = sorted(entry.name for entry in entries if entry.name.endswith(".toml"))
    for name in files:
        try:
            status = (folder / name).stat()
        except OSError:  # such as a link to nowhere
            yield name, 0, 0, 0
        else:
            yield name, status.st_ino, status.st_size, status.st_mtime_ns


def read_all(engines_dir: Path) -> dict[str, ModelSpec]:
    """Read the descriptors ``<family>/models/*.toml`` of all families; return the models by slug, in order.

    Raises `DescriptorError`.
    """
    specs: dict[str, ModelSpec] = {}
    for name, family in FAMILIES.items():
        for path in sorted((engines_dir / name / "models").glob("*.toml")):
            spec = descriptors.read(path, family.SETTINGS)
            if spec.slug in specs:
                raise DescriptorError(f"{path.name}: slug: {spec.slug!r} is another model's")
            specs[spec.slug] = spec
    return in_order(specs)


def in_order(specs: Mapping[str, ModelSpec]) -> dict[str, ModelSpec]:
    """Return `specs` in order of the number of stems, and of preference among models with the same."""
    return dict(sorted(specs.items(), key=lambda item: (len(item[1].stems), item[1].rank, item[0])))


SPECS = Models(read_all(_ENGINES_DIR))


def stem_names() -> tuple[str, ...]:
    """Return the stems of all models that separate whole songs, each once."""
    return tuple(dict.fromkeys(stem for spec in SPECS.values() if not spec.takes for stem in spec.stems))


def get(slug: str) -> ModelSpec:
    """Return the spec called `slug`. Raises `ModelUnavailable` for an unknown one."""
    try:
        return SPECS[slug]
    except KeyError:
        raise ModelUnavailable(f"unknown model {slug!r}") from None


def installed(models_dir: Path) -> list[ModelSpec]:
    """Return every installed model."""
    return [spec for spec in SPECS.values() if model_files.is_available(spec, models_dir)]


def available(models_dir: Path, takes: str = "") -> list[ModelSpec]:
    """Return every installed model that separates whole songs, or the stem called `takes`.

    The preferred one of each number of stems comes first.
    """
    return [spec for spec in installed(models_dir) if spec.takes == takes]


def best_for(stem_count: int, models_dir: Path) -> ModelSpec:
    """Return the preferred installed model for songs with so many stems. Raises `ModelUnavailable` if there is none."""
    for spec in available(models_dir):
        if len(spec.stems) == stem_count:
            return spec
    raise ModelUnavailable(f"no model with {stem_count} stems is installed")


def default(models_dir: Path) -> ModelSpec:
    """Return the model used when none was chosen: the preferred installed one with two stems."""
    return best_for(2, models_dir)
