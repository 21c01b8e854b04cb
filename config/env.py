"""Reads the environment, and says in one line what is wrong with it."""

import os
import secrets
from pathlib import Path

import environ

from operations.process_lifecycle import refuse

BASE_DIR = Path(__file__).resolve().parent.parent


def read_environment() -> environ.Env:
    """The environment under the prefix ``STEMOTECA_``, with ``.env`` beside the project for what is not set."""
    dotenv = BASE_DIR / ".env"
    if dotenv.is_file():
        environ.Env.read_env(str(dotenv))
    env = environ.Env()
    env.prefix = "STEMOTECA_"
    return env


def data_folder(env: environ.Env) -> Path:
    """The folder that holds everything this installation owns; made on first use."""
    folder = Path(env.str("DATA", default=str(BASE_DIR / "var"))).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse(f"cannot make the data folder {folder}: {error.strerror}")
    if not os.access(folder, os.W_OK | os.X_OK):
        refuse(f"cannot write to the data folder {folder}")
    return folder


def secret(folder: Path, name: str) -> str:
    """A secret that belongs to this installation, generated once into the data folder.

    Written under a temporary name and linked, so that two first starts agree on one secret.
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
    if len(value) < 32:
        refuse(f"{path} is too short to be a secret; remove it to have a new one made")
    return value
