"""The interpreter that has PyTorch and the originals."""

import os
import subprocess
from functools import cache
from pathlib import Path

VARIABLE = "STEMOTECA_TORCH_PYTHON"
DEFAULT = Path(__file__).resolve().parents[3] / ".venv-reference/bin/python"
MODULES = ("torch", "demucs")

_SECONDS = 60
_LOOK = (
    "import sys; from importlib.util import find_spec; print(*(m for m in sys.argv[1:] if not find_spec(m)))"
)


def python() -> Path:
    """Return the interpreter that the environment names, by default that of ``make reference``."""
    return Path(os.environ.get(VARIABLE) or DEFAULT)


@cache
def problem(interpreter: Path) -> str | None:
    """Say why `interpreter` cannot run the originals, None if it can. Imports nothing heavy."""
    command = [str(interpreter), "-c", _LOOK, *MODULES]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{interpreter} does not run: {error}"
    missing = done.stdout.split()
    return f"{interpreter} has no {' and no '.join(missing)}" if missing else None
