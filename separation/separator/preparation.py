"""Read a model as a whole in a child process.

``python -m separation.separator.preparation PARENT SLUG FOLDER ENGINE MODELS``: MODELS is the folder with an
administrator's descriptors, FOLDER the one in which the model is.

Files of others are read and converted there, which may take minutes and gigabytes. Whatever is wrong with them ends
that process and not the worker, and the libraries that it loads stay out of the worker.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

from separation.engines import modelspec, registry
from separation.engines.descriptors import ModelSpec, ModelUnavailable
from separation.engines.protocol import EngineName
from separation.separator import child

_POLL_SECONDS = 0.5
LONGEST_SECONDS = 1800.0
_REFUSED = 3
_MOST_OUTPUT = 2000


def prepare_in_child(
    spec: ModelSpec,
    models_dir: Path,
    engine: str,
    tick: Callable[[], None],
    memory_limit: int | None = None,
) -> None:
    """Read `spec` in `models_dir`, and convert it for `engine`.

    `tick` is called meanwhile; what it raises ends the child process. `memory_limit` is in bytes of resident memory.
    Raises `ModelUnavailable`.
    """
    arguments = [str(os.getpid()), spec.slug, str(models_dir.absolute()), engine]
    own = modelspec.SPECS.models_dir
    arguments.append(str(own.absolute()) if own else "")
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "separation.separator.preparation", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=child.ROOT,
            env=child.environment(),
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + LONGEST_SECONDS
            while not _has_ended(process):
                tick()
                _check_limits(process.pid, memory_limit, deadline)
        except BaseException:
            process.kill()
            process.wait()
            raise
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()[-_MOST_OUTPUT:]
    if process.returncode < 0:
        raise ModelUnavailable(f"reading it was ended by {signal.Signals(-process.returncode).name}")
    if process.returncode:
        raise ModelUnavailable(said if process.returncode == _REFUSED else said.rpartition("\n")[2])


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _check_limits(pid: int, memory_limit: int | None, deadline: float) -> None:
    if memory_limit and child.resident_bytes(pid) > memory_limit:
        raise ModelUnavailable(f"it needs more than {memory_limit >> 20} MiB of memory")
    if time.monotonic() > deadline:
        raise ModelUnavailable(f"reading it took longer than {LONGEST_SECONDS / 60:.0f} minutes")


def main() -> None:
    """Prepare the model that the arguments name; end with status 3 and a sentence where it is refused."""
    parent, slug, models_dir, engine, own = sys.argv[1:]
    child.end_with(int(parent))
    modelspec.SPECS.look_in(Path(own) if own else None)
    try:
        registry.prepare(modelspec.get(slug), Path(models_dir), cast("EngineName", engine))
    except (ModelUnavailable, OSError, ValueError, ImportError) as error:
        sys.stderr.write(str(error))
        sys.exit(_REFUSED)


if __name__ == "__main__":
    main()
