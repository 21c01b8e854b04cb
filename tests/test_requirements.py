"""A server's requirements cover what a server imports, in the versions of the whole installation."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from django.conf import settings

ROOT: Path = settings.BASE_DIR
PARTS = ("config", "operations", "practice", "separation", "catalog", "accounts", "audio", "stemoteca")
ONLY_IN_THE_WHOLE = {"tensorflow", "spleeter", "ziglang"}
IN_ANOTHER_INTERPRETER = {"torch", "demucs"}


def pins(name: str) -> set[str]:
    return {line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")}


def imported(path: Path) -> Iterator[str]:
    """The top-level names that a module imports, also inside of functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


def test_what_a_server_imports_is_in_its_requirements() -> None:
    both = pins("requirements-slim.txt") | pins("requirements-s3.txt")
    required = {re.split(r"==", line)[0].lower().replace("_", "-") for line in both}
    known = packages_distributions()
    for path in (path for part in PARTS for path in (ROOT / part).rglob("*.py")):
        for name in {*imported(path)} - {
            *PARTS,
            *ONLY_IN_THE_WHOLE,
            *IN_ANOTHER_INTERPRETER,
            *sys.stdlib_module_names,
        }:
            distributions = {found.lower().replace("_", "-") for found in known.get(name, [name])}
            assert distributions & required, f"{path.relative_to(ROOT)} imports {name}"


def test_both_installations_have_the_same_versions() -> None:
    assert pins("requirements-slim.txt") | pins("requirements-s3.txt") < pins("requirements.txt")
