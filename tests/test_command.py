"""The command ``stemoteca`` of the wheel, here with the program of the repository."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

import stemoteca.__main__ as command


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "stemoteca", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=command.APP,
        env={"PATH": "/usr/bin", "HOME": "/nowhere", **environment},
    )


def test_help_lists_the_commands_that_are_there() -> None:
    done = run("--help")
    assert done.returncode == 0, done.stderr
    assert "usage: stemoteca COMMAND" in done.stdout
    assert "/nowhere/.local/share/stemoteca" in done.stdout
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert listed == command.available()
    assert {"run", "separate", "fetch-models", "import", "export", "user", "check"} <= {*listed}


def test_commands_that_this_version_lacks_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "accounts/management/commands").mkdir(parents=True)
    (tmp_path / "accounts/management/commands/user.py").touch()
    monkeypatch.setattr(command, "APP", tmp_path)
    assert command.available() == ["user", "check", "sendtestemail"]


def test_commands_that_the_documentation_names_are_there() -> None:
    ours = {path.stem for path in command.APP.glob("*/management/commands/*.py")}
    pages = [command.APP / "README.md", *(command.APP / "docs").glob("*.md")]
    named = {name for page in pages for name in re.findall(r"manage\.py (\w+)", page.read_text())}
    ours |= {"check", "sendtestemail"}
    assert named & ours == {django for django, _about in command.COMMANDS.values()}


@pytest.mark.parametrize("name", [name for name in command.available() if name != "sendtestemail"])
def test_only_check_says_what_the_installation_goes_without(name: str) -> None:
    django = command.COMMANDS[name][0]
    found = load_command_class(get_commands()[django], django)
    assert found.requires_system_checks == []


def test_unknown_command_is_named() -> None:
    done = run("seperate")
    assert done.returncode == 1
    assert "no command 'seperate'" in done.stderr


def test_version_is_that_of_the_project() -> None:
    assert run("--version").stdout.strip() in (command.APP / "pyproject.toml").read_text()


def test_help_of_a_command_has_its_name_and_no_options_of_django(tmp_path: Path) -> None:
    done = run("fetch-models", "--help", STEMOTECA_DATA=str(tmp_path))
    assert done.stdout.startswith("usage: stemoteca fetch-models")
    assert "--pythonpath" not in done.stdout


def test_settings_are_read_from_the_file_of_the_user(tmp_path: Path) -> None:
    settings = tmp_path / "config/stemoteca/stemoteca.env"
    settings.parent.mkdir(parents=True)
    settings.write_text("STEMOTECA_PROXIES=many\n")
    done = run("check", STEMOTECA_DATA=str(tmp_path / "data"), XDG_CONFIG_HOME=str(tmp_path / "config"))
    assert "STEMOTECA_PROXIES must be a whole number" in done.stderr
