"""Messages name commands as they are called here."""

import sys

import pytest

from catalog.management.invocation import command_line


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("/opt/stemoteca/bin/stemoteca", "stemoteca fetch-models"),
        ("manage.py", "manage.py fetch_models"),
        ("/usr/lib/pytest/__main__.py", "manage.py fetch_models"),
    ],
)
def test_commands_are_named_as_they_are_called_here(
    program: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [program])
    assert command_line("fetch_models") == line
