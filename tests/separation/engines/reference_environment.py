"""Run the originals of networks in their own environment: another interpreter, which has PyTorch."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
_PYTHON = ROOT / ".venv-reference/bin/python"


def run_reference(script: Path, *arguments: str | Path) -> None:
    """Run `script` with one thread. Skips the test where the environment has not been made."""
    if not _PYTHON.exists():
        pytest.skip("the environment of the originals is not there (make reference)")
    done = subprocess.run(
        [str(_PYTHON), str(script), *map(str, arguments)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
