"""The files of a model: where they are, whether they are complete, and whether they are what they were.

A model that is not bundled lives in ``models_dir/<folder>``, with the files that its descriptor names, and counts
only once `seal` has hashed them: a half-copied folder is not a model. Models that share a folder share its seal.
"""

import json
from pathlib import Path

from audio.checksum import checksum
from separation.engines.descriptors import SEAL, ModelSpec, ModelUnavailable

__all__ = ["SEAL", "folder_of", "is_available", "is_official", "read_seal", "seal", "verified"]

_ENGINES_DIR = Path(__file__).parent


def folder_of(spec: ModelSpec, models_dir: Path) -> Path:
    """Return the folder with the files of `spec`, whether or not they are there."""
    return _ENGINES_DIR / spec.family / "bundled" if spec.bundled else models_dir / spec.folder


def is_available(spec: ModelSpec, models_dir: Path) -> bool:
    """Return whether `spec` is installed. Cheap: looks at the seal and at file sizes, not at the contents."""
    folder = folder_of(spec, models_dir)
    if spec.bundled:
        return all((folder / file.name).is_file() for file in spec.files)
    return read_seal(spec, folder) is not None


def seal(spec: ModelSpec, folder: Path) -> None:
    """Hash the files of `spec` in `folder` and record them as complete.

    Call it after what was downloaded is verified and before the folder gets its final name. The source (a
    release, or a mirror with weights of its own) is trusted; `is_official` tells which. Raises
    `ModelUnavailable` when a file is missing.
    """
    files = {}
    for file in spec.files:
        path = folder / file.name
        if not path.is_file():
            raise ModelUnavailable(f"{spec.slug}: {file.name} is missing")
        files[file.name] = {"size": path.stat().st_size, "sha256": checksum(path)}
    partial = folder / (SEAL + ".part")
    partial.write_text(json.dumps({"release": spec.revision, "files": files}, indent=1))
    partial.replace(folder / SEAL)


def is_official(spec: ModelSpec, folder: Path) -> bool:
    """Return whether `folder` holds files with the digests that are known of `spec`, at least one."""
    known = [file for file in spec.files if file.sha256]
    return bool(known) and all(
        (folder / file.name).is_file() and checksum(folder / file.name).startswith(file.sha256)
        for file in known
    )


def read_seal(spec: ModelSpec, folder: Path) -> dict[str, str] | None:
    """Return SHA-256 by file name as sealed, None if `folder` does not hold `spec` complete, in its revision."""
    try:
        sealed = json.loads((folder / SEAL).read_text())
        if sealed["release"] != spec.revision:
            return None
        digests = {}
        for file in spec.files:
            entry = sealed["files"][file.name]
            if (folder / file.name).stat().st_size != entry["size"]:
                return None
            digests[file.name] = str(entry["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return digests


def verified(spec: ModelSpec, models_dir: Path, *names: str) -> Path:
    """Return the folder of `spec` after hashing all its files, or those called `names`.

    Raises `ModelUnavailable` if one is missing or differs, so that nothing ever runs on other weights.
    """
    folder = folder_of(spec, models_dir)
    if spec.bundled:
        digests, changed = {file.name: file.sha256 for file in spec.files}, "is not the file of this release"
    else:
        digests, changed = read_seal(spec, folder) or {}, "was changed since it was verified"
    if not digests:
        raise ModelUnavailable(f"{spec.slug} is not installed")
    for name in names or digests:
        digest = digests[name]
        try:
            found = checksum(folder / name)
        except OSError as error:
            raise ModelUnavailable(f"{spec.slug}: {error}") from error
        if found != digest:
            raise ModelUnavailable(f"{spec.slug}: {name} {changed}")
    return folder
