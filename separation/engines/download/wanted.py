"""What has to arrive for a model: the archive that it is released in, or each of its files."""

from dataclasses import dataclass

from separation.engines import modelspec
from separation.engines.descriptors import ModelSpec
from separation.engines.download.errors import FetchError


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file as it is released."""

    name: str
    url: str
    """The official address; empty where there is none."""
    sha256: str
    """The official digest, or its beginning; empty where none is published."""
    size: int | None

    def is_official(self, digest: str) -> bool | None:
        """Return whether a file with this SHA-256 is the released one, None where that is not known."""
        return digest.startswith(self.sha256) if self.sha256 else None


def wanted(spec: ModelSpec) -> tuple[Wanted, ...]:
    """Return the files to fetch for `spec`; none for a bundled model."""
    if spec.bundled:
        return ()
    if spec.archive:
        return (Wanted(spec.archive.name, spec.archive.url, spec.archive.sha256, spec.archive.size),)
    return tuple(Wanted(file.name, file.url, file.sha256, file.size) for file in spec.files)


def download_bytes(spec: ModelSpec) -> int | None:
    """Return how much there is to fetch, None where that is not known."""
    sizes = [file.size for file in wanted(spec)]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def fetchable(spec: ModelSpec) -> bool:
    """Return whether an official address is known for all of it."""
    files = wanted(spec)
    return bool(files) and all(file.url for file in files)


def folders() -> list[str]:
    """Return the names under which models are fetched: those of their folders."""
    return list(dict.fromkeys(spec.folder for spec in modelspec.SPECS.values() if not spec.bundled))


def sharing(folder: str) -> list[ModelSpec]:
    """Return the models whose files are in this folder, the preferred one first."""
    return [spec for spec in modelspec.SPECS.values() if folder and spec.folder == folder]


def find(name: str) -> ModelSpec:
    """Return the model called `name`: a folder ("2stems") or a slug. Raises `FetchError`."""
    spec = modelspec.SPECS.get(name)
    if spec is None:
        spec = next(iter(sharing(name)), None)
    if spec is None or spec.bundled:
        raise FetchError(
            "unknown_model", f"there is no model {name!r} to fetch; the names are {', '.join(folders())}"
        )
    return spec
