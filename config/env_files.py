"""Files that settings come from: one with lines ``NAME=value``, and the generated secret in the data folder."""

import os
import re
import secrets
from pathlib import Path

from environ import Env

from operations.process_lifecycle import exit_with_error

MIN_SECRET_LENGTH = 32
_SETTING = re.compile(r"(export )?\w+=.*", re.ASCII)


def read_env_file(path: Path) -> None:
    """Add the settings of a file to the environment, which goes first. Exit with one line where it has a wrong line.

    django-environ skips such a line. The line itself is not shown: it may hold a password.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        exit_with_error(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not text in UTF-8'}"
        )
    for number, line in enumerate(lines, 1):
        if line and not line.startswith("#") and not _SETTING.fullmatch(line):
            exit_with_error(
                f"{path}, line {number}: a setting is written NAME=value, without spaces before the ="
            )
    Env.read_env(str(path))


def secret(folder: Path, name: str) -> str:
    """Return a secret of this installation, generated once into the data folder.

    It is written under a temporary name and linked, so that concurrent first starts agree on one secret.
    """
    path = folder / name
    if not path.is_file():
        temporary = folder / f".{name}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    value = path.read_text().strip()
    if len(value) < MIN_SECRET_LENGTH:
        exit_with_error(f"{path} is too short to be a secret; remove it to have a new one made")
    return value
