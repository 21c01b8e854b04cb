"""``python -m config.settings_table``: write docs/settings.md, the table of all settings; ``--check`` compares it.

What is read, its kind and its default come from the settings themselves, what it is for from ``settings.toml``.
"""

import importlib
import os
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from config.env import BASE_DIR, PREFIX

PAGE = BASE_DIR / "docs" / "settings.md"
DESCRIPTIONS = Path(__file__).with_name("settings.toml")
HEAD = """\
# Settings

Each setting is an environment variable or a line in `.env`. A wrong value stops the start with a sentence, a misspelt
name is a warning in the log and in what `manage.py check` prints. Folders are absolute paths.
[How they work together](operations.md#settings).

<!-- Written by `python -m config.settings_table` from config/settings.py and config/settings.toml. -->
"""

Groups = Mapping[str, Mapping[str, str]]


def descriptions() -> Groups:
    """Return what each variable is for, by group."""
    return tomllib.loads(DESCRIPTIONS.read_text())


def render(read: Mapping[str, tuple[str, str]], groups: Groups) -> str:
    """Return the page. ``read`` has kind and default of each variable."""
    lines = [HEAD]
    for group, variables in groups.items():
        lines += [f"## {group}\n", "| variable | kind | default | |", "| --- | --- | --- | --- |"]
        for variable, description in variables.items():
            kind, default = read[variable]
            shown = f"`{default}`" if default else ""
            lines.append(f"| `{variable}` | {kind} | {shown} | {description} |")
        lines.append("")
    return "\n".join(lines)


def problems(read: Mapping[str, object], groups: Groups) -> list[str]:
    """Return what is read without a description, and what is described without being read."""
    described = {variable for variables in groups.values() for variable in variables}
    return [
        *(
            f"{name} is read, and not described in {DESCRIPTIONS.name}"
            for name in sorted(read.keys() - described)
        ),
        *(
            f"{name} is described in {DESCRIPTIONS.name}, and not read"
            for name in sorted(described - read.keys())
        ),
    ]


def settings_read() -> Mapping[str, tuple[str, str]]:
    """Load the settings as a new installation would; return kind and default of each variable."""
    for variable in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[variable]
    with tempfile.TemporaryDirectory() as folder:
        os.environ[f"{PREFIX}DATA"] = folder
        read: Mapping[str, tuple[str, str]] = importlib.import_module("config.settings").env.read
    return read


def main() -> None:
    read, groups = settings_read(), descriptions()
    if wrong := problems(read, groups):
        sys.exit("\n".join(wrong))
    page = render(read, groups)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page)
    elif not PAGE.is_file() or PAGE.read_text() != page:
        sys.exit("docs/settings.md is out of date; write it with python -m config.settings_table")


if __name__ == "__main__":
    main()
