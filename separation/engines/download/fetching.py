"""Fetch a model: collect what is released, then install it."""

import hashlib
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from separation.engines import model_files, registry
from separation.engines.descriptors import ModelSpec
from separation.engines.download import installing, sources
from separation.engines.download.errors import FetchError, storage_error
from separation.engines.download.installing import Prepare
from separation.engines.download.progress import Meter, Progress
from separation.engines.download.wanted import Wanted, wanted

UPLOADED = "upload:"
"""The source of a model whose files were given to `receive`."""
_HOPELESS = ("bad_archive", "not_model")
"""Errors of files that are whole: they would be met again."""


def fetch(
    spec: ModelSpec,
    models_dir: Path,
    *,
    on_progress: Progress,
    source: str = "",
    only_official: bool = False,
    reserve: int = 0,
    prepare: Prepare = registry.prepare,
) -> bool | None:
    """Install `spec` from `source`; return whether it is the official one, None where no digest is published.

    `source` is "" for the official addresses, the address of a mirror, an archive or a folder of this machine, or
    `UPLOADED`. With `only_official`, files of this machine with other digests than the official ones are refused.
    `reserve` is the space in bytes that is left to others. Raises `FetchError`, and what `on_progress` raises.
    """
    if spec.bundled:
        raise FetchError("unknown_model", f"{spec.slug} comes with Stemoteca; there is nothing to fetch")
    meter = Meter(on_progress, {file.name: file.size for file in wanted(spec)})
    official = False
    with installing.lock(spec, models_dir):
        parts = installing.parts_of(spec, models_dir)
        try:
            parts.mkdir(exist_ok=True)
            with installing.staging(spec, models_dir) as folder:
                official = _collect(
                    spec, source, parts, folder, meter, only_official=only_official, reserve=reserve
                )
                installing.install(spec, folder, models_dir, prepare)
        except OSError as error:
            raise storage_error(error) from error
        except FetchError as error:
            if error.code in _HOPELESS and not official:
                shutil.rmtree(parts, ignore_errors=True)
            raise
        finally:
            with suppress(OSError):  # what has arrived stays for the next attempt
                parts.rmdir()
        shutil.rmtree(parts, ignore_errors=True)
    digests = [file.sha256 for file in wanted(spec)] + [file.sha256 for file in spec.files]
    return official if any(digests) else None


def _collect(
    spec: ModelSpec,
    source: str,
    parts: Path,
    folder: Path,
    meter: Meter,
    *,
    only_official: bool,
    reserve: int,
) -> bool:
    """Bring the files of `spec` into `folder`; return whether they are the official ones."""
    files = wanted(spec)
    place, is_released = parts, True
    if sources.is_remote(source):
        official = sources.Remote(source).collect(files, parts, meter, reserve)
    else:
        if source == UPLOADED:
            sources.check_complete(files, parts)
            only_official = True
        else:
            place, is_released = sources.find_local(source, spec, files)
        if is_released:
            official = _compare(files, place, meter, only_official=only_official, is_ours=place == parts)
    if not is_released:
        return _copy_unpacked(spec, place, folder, meter, only_official=only_official, reserve=reserve)
    for file in files:
        path = place if place.is_file() else place / file.name
        sources.check_space(folder, 2 * path.stat().st_size, reserve)
        if spec.archive:
            installing.unpack(path, folder, spec, meter)
        elif place == parts:  # where it stays until all is done
            (folder / file.name).hardlink_to(path)
        else:
            sources.copy(path, folder / file.name, meter)
    return official


def _compare(
    files: tuple[Wanted, ...], place: Path, meter: Meter, *, only_official: bool, is_ours: bool
) -> bool:
    """Return whether the released files in `place` are the official ones, as far as digests are published.

    One that is refused is deleted if it `is_ours`.
    """
    found = []
    for file in files:
        path = place if place.is_file() else place / file.name
        meter.size(file.name, path.stat().st_size)
        found.append(file.is_official(sources.checksum(path, meter)))
        if only_official and found[-1] is False:
            if is_ours:
                path.unlink()
            raise FetchError("damaged", f"{path.name} is not the official file: its checksum differs")
        meter.at(file.name, path.stat().st_size)
    return True in found and False not in found


def _copy_unpacked(
    spec: ModelSpec, place: Path, folder: Path, meter: Meter, *, only_official: bool, reserve: int
) -> bool:
    """Copy the model's own files from `place`; return whether they are the official ones."""
    sources.check_space(folder, 2 * sum((place / file.name).stat().st_size for file in spec.files), reserve)
    for file in spec.files:
        sources.copy(place / file.name, folder / file.name, meter)
    official = model_files.is_official(spec, folder)
    if only_official and not official:
        raise FetchError(
            "damaged", f"{place} holds other files than the official ones: their checksums differ"
        )
    return official


def receive(spec: ModelSpec, models_dir: Path, name: str, blocks: Iterable[bytes]) -> set[str]:
    """Store an uploaded file of `spec`; return the names of those that are still missing.

    One that is not the official one is not stored, where that is known. Raises `FetchError`.
    """
    files = {file.name: file for file in wanted(spec)}
    if name not in files:
        expected = ", ".join(sorted(files))
        raise FetchError("unexpected_file", f"{spec.slug} has no file {name!r}; it needs {expected}")
    with installing.lock(spec, models_dir):
        parts = installing.parts_of(spec, models_dir)
        partial = parts / f"{name}.uploading"
        digest = hashlib.sha256()
        try:
            parts.mkdir(exist_ok=True)
            with partial.open("wb") as file:
                for block in blocks:
                    file.write(block)
                    digest.update(block)
            if files[name].is_official(digest.hexdigest()) is False:
                raise FetchError("damaged", f"{name} is not the official file: its checksum differs")
            partial.replace(parts / name)
        except OSError as error:
            raise storage_error(error) from error
        finally:
            partial.unlink(missing_ok=True)
            with suppress(OSError):  # other files that were uploaded stay
                parts.rmdir()
        return set(files) - uploaded(spec, models_dir)


def uploaded(spec: ModelSpec, models_dir: Path) -> set[str]:
    """Return the names of the files of `spec` that are here while others are missing."""
    parts = installing.parts_of(spec, models_dir)
    return {file.name for file in wanted(spec) if (parts / file.name).is_file()}
