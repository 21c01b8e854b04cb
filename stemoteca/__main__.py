"""``stemoteca COMMAND ...``: the commands that somebody who runs an installation needs, by plain names.

Each is a command of `manage.py`. The wheel has the program in the folder ``app`` beside this module, so that no name
of ours (``config``, ``audio``, ...) is a top-level module of the environment; in the repository it is one folder up.
"""

import os
import sys
from pathlib import Path

APP = next(
    folder
    for folder in (Path(__file__).parent / "app", Path(__file__).parents[1])
    if (folder / "manage.py").is_file()
)
COMMANDS = {
    "run": ("run", "start the website and everything that it needs; Ctrl-C stops it"),
    "separate": ("separate", "separate songs from the command line, through the same catalogue"),
    "fetch-models": ("fetch_models", "list the models, and download some"),
    "import": ("import_library", "take in all music below a folder"),
    "export": ("export_catalogue", "write the catalogue as CSV or JSON"),
    "backup": ("backup", "copy everything to a folder or a bucket, while the website runs"),
    "restore": ("restore", "fill an empty installation from a backup"),
    "verify": ("verify", "compare stored files with their checksums, repair what can be made again"),
    "fingerprint": ("fingerprint", "make fingerprints of songs that were there before Chromaprint"),
    "check-model": ("check_model", "try a network of your own on generated sound"),
    "upgrade-separations": ("upgrade_separations", "separate the songs of one model again with another one"),
    "user": ("user", "add an account, set its password, make somebody an administrator"),
    "check": ("check", "look for mistakes in the settings, and say what this installation goes without"),
    "sendtestemail": ("sendtestemail", "send a message, to try the mail server"),
}
"""Names for people, the names of the commands of Django, what they do."""
_OF_DJANGO = {"check", "sendtestemail"}
_HIDDEN = (
    "--version",
    "--settings",
    "--pythonpath",
    "--traceback",
    "--no-color",
    "--force-color",
    "--skip-checks",
)
"""Options that Django gives to every command; they work all the same."""


def main() -> None:
    """Run the command that the first argument names."""
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in {"-h", "--help", "help"}:
        sys.stdout.write(_help())
    elif name == "--version":
        sys.stdout.write(f"{_version()}\n")
    elif name not in available():
        sys.exit(f"stemoteca: there is no command {name!r}; stemoteca --help lists them")
    else:
        _run(name, arguments)


def available() -> list[str]:
    """Return the names of the commands that this version has."""
    ours = {path.stem for path in APP.glob("*/management/commands/*.py")} | _OF_DJANGO
    return [name for name, (command, _about) in COMMANDS.items() if command in ours]


def settings_file() -> Path:
    """Return the file with the settings of this installation: STEMOTECA_ENV_FILE, or the user's."""
    configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(os.environ.get("STEMOTECA_ENV_FILE") or Path(configuration) / "stemoteca" / "stemoteca.env")


def data_folder() -> Path:
    """Return where the data of an installation are by default."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "stemoteca"


def _run(name: str, arguments: list[str]) -> None:
    sys.path.insert(0, str(APP))
    from django.core.management import get_commands, load_command_class  # noqa: PLC0415 (--help answers at once)

    from config.env_files import read_env_file  # noqa: PLC0415

    if settings_file().is_file():
        read_env_file(settings_file())
    if (APP / "pyproject.toml").is_file() and APP.name == "app":
        os.environ.setdefault("STEMOTECA_DATA", str(data_folder()))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django  # noqa: PLC0415

    django.setup()
    command = COMMANDS[name][0]
    found = load_command_class(get_commands()[command], command)
    found.suppressed_base_arguments = {*found.suppressed_base_arguments, *_HIDDEN}
    found.run_from_argv(["stemoteca", name, *arguments])


def _help() -> str:
    lines = [f"  {name:21}{COMMANDS[name][1]}" for name in available()]
    return "\n".join(
        [
            "usage: stemoteca COMMAND [OPTIONS]",
            "",
            "A self-hosted library of separated music.",
            "",
            *lines,
            "",
            "stemoteca COMMAND --help says more about a command.",
            f"Data: {os.environ.get('STEMOTECA_DATA') or data_folder()} (STEMOTECA_DATA names another folder)",
            f"Settings: environment variables, or lines in {settings_file()}",
            "",
        ]
    )


def _version() -> str:
    import tomllib  # noqa: PLC0415

    with (APP / "pyproject.toml").open("rb") as project:
        return str(tomllib.load(project)["project"]["version"])


if __name__ == "__main__":
    main()
