"""The environment (``STEMOTECA_*``): reading, validation, and what Django makes of it.

Every function here that meets a value it cannot use ends the process with one line that says which variable is wrong.
"""

import os
import re
import warnings
import zoneinfo
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config.env_files import MIN_SECRET_LENGTH, read_env_file, secret
from operations.process_lifecycle import exit_with_error

BASE_DIR = Path(__file__).resolve().parent.parent
PREFIX = "STEMOTECA_"
S3_KEYS = ("S3_ACCESS_KEY", "S3_SECRET_KEY")
S3_NAMES = ("S3_BUCKET", "S3_ENDPOINT", "S3_REGION", *S3_KEYS)
BACKUP_S3_NAMES = tuple(f"BACKUP_{name}" for name in ("S3_ENDPOINT", "S3_REGION", *S3_KEYS))
ON, OFF = ("on", "true", "yes", "1"), ("off", "false", "no", "0")
RENAMED = {
    "HOSTS": "ALLOWED_HOSTS",
    "ORIGINS": "CSRF_TRUSTED_ORIGINS",
    "FROM_EMAIL": "DEFAULT_FROM_EMAIL",
}


class Environment:
    """The variables with this prefix; ``.env`` beside the project has defaults for them."""

    def __init__(self) -> None:
        self.read: dict[str, tuple[str, str]] = {}
        """The kind and the default, as text, of each setting that was read, by its name."""
        given = self.text("ENV_FILE", kind="path")
        if given and not (Path(given).is_absolute() and Path(given).is_file()):
            exit_with_error(f"{PREFIX}ENV_FILE must be the absolute path of a file, not {given!r}")
        dotenv = Path(given) if given else BASE_DIR / ".env"
        if dotenv.is_file():
            read_env_file(dotenv)
        for old, new in RENAMED.items():
            if PREFIX + old in os.environ:
                exit_with_error(f"{PREFIX}{old} is now called {PREFIX}{new}")

    def text(self, name: str, default: str = "", kind: str = "text") -> str:
        self.read.setdefault(PREFIX + name, (kind, default))
        return os.environ.get(PREFIX + name) or default

    def flag(self, name: str, *, default: bool) -> bool:
        """Read ``on``, ``off`` and their synonyms."""
        value = self.text(name, "on" if default else "off", "switch").lower()
        if value not in {*ON, *OFF}:
            exit_with_error(f"{PREFIX}{name} must be on or off, not {value!r}")
        return value in ON

    def number(self, name: str, default: int, *, minimum: int = 0) -> int:
        value = self.text(name, str(default), "number").strip()
        if not re.fullmatch(r"\d{1,15}", value, re.ASCII) or int(value) < minimum:
            exit_with_error(f"{PREFIX}{name} must be a whole number of at least {minimum}, not {value!r}")
        return int(value)

    def port(self, variable: str, default: int) -> int:
        """Read a port from a ``variable`` without our prefix; 0 has the system choose one."""
        self.read[variable] = "number", str(default)
        value = os.environ.get(variable) or str(default)
        if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or int(value) > 65535:
            exit_with_error(f"{variable} must be a number up to 65535, not {value!r}")
        return int(value)

    def items(self, name: str) -> list[str]:
        """Read values separated by commas."""
        return [value.strip() for value in self.text(name, kind="list").split(",") if value.strip()]

    def hosts(self, name: str) -> list[str]:
        """Read names of hosts, without a port: Django compares nothing else."""
        values = self.items(name)
        for value in values:
            if not re.fullmatch(r"\*|\.?[a-z0-9][a-z0-9.-]*|\[[0-9a-f:]+\]", value, re.ASCII | re.IGNORECASE):
                exit_with_error(f"{PREFIX}{name} must have names like songs.example.org, not {value!r}")
        return values

    def path_of_proxy(self, name: str) -> str:
        """Read the path of a location in the configuration of a proxy."""
        value = self.text(name).strip()
        if value and not re.fullmatch(r"/[\w.~/-]+", value, re.ASCII):
            exit_with_error(f"{PREFIX}{name} must be a path like /stored, not {value!r}")
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> Any:
        """Read one of ``choices``, in upper or lower case; by default the first."""
        value = self.text(name, choices[0], "one of " + ", ".join(dict.fromkeys(choices)))
        known = {choice.lower(): choice for choice in choices}
        if value.lower() not in known:
            exit_with_error(f"{PREFIX}{name} must be one of {', '.join(known.values())}, not {value!r}")
        return known[value.lower()]

    def rate(self, name: str, default: str) -> str:
        """Read a limit in the form of REST framework's throttles."""
        value = self.text(name, default, "rate")
        if not re.fullmatch(r"\d+/(s|m|h|d|sec|second|min|minute|hour|day)", value, re.ASCII):
            exit_with_error(f"{PREFIX}{name} must have the form {default}, not {value!r}")
        return value

    def url(self, name: str) -> tuple[str, str]:
        """Read the address of a site; return its origin and its path, without slashes at their ends.

        ``https://example.org/music/`` is ``https://example.org`` and ``/music``.
        """
        value = self.text(name, kind="address").strip().rstrip("/")
        found = re.search(r"(?<![:/])(/[\w.~-]+)+$", value, re.ASCII)
        path = found[0] if found else ""
        origin = value.removesuffix(path)
        if value and (problem := _problem_of_origin(origin)):
            exit_with_error(f"{PREFIX}{name} must look like https://music.example.org; {value!r} {problem}")
        return origin, path

    def origins(self, name: str) -> list[str]:
        """Read addresses of sites, whose host may begin with ``*.``."""
        values = self.items(name)
        for value in values:
            if problem := _problem_of_origin(value.replace("://*.", "://", 1)):
                exit_with_error(
                    f"{PREFIX}{name} must have values like https://music.example.org; {value!r} {problem}"
                )
        return [value.rstrip("/") for value in values]

    def redis(self, name: str) -> str:
        """Read the address of a Redis server, or of several, separated by commas. It may hold a password."""
        value = self.text(name, kind="address").strip()
        for address in re.split("[;,]", value) if value else []:
            if problem := _problem_of_redis(address):
                exit_with_error(f"{PREFIX}{name} must look like redis://127.0.0.1:6379/0; it {problem}")
        return value

    def time_zone(self, name: str, default: str) -> str:
        """Read a time zone of the IANA database."""
        value = self.text(name, default, "time zone")
        try:
            zoneinfo.ZoneInfo(value)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            exit_with_error(f"{PREFIX}{name} must be a time zone such as Europe/Madrid, not {value!r}")
        return value

    def secret(self, name: str, data_dir: Path) -> str:
        """Read a secret; without one, the one in the data folder, which is made on first use."""
        value = self.text(name, kind="secret")
        if value and len(value) < MIN_SECRET_LENGTH:
            exit_with_error(f"{PREFIX}{name} must have {MIN_SECRET_LENGTH} characters or more")
        return value or secret(data_dir, name.lower())

    def folder(self, name: str, default: Path) -> Path:
        """Read the path of a folder, and make it where it is missing."""
        folder = self._absolute(name, default)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            exit_with_error(f"{PREFIX}{name} cannot be used: {error.strerror}")
        return folder

    def _absolute(self, name: str, default: Path) -> Path:
        """Read a path that means the same in every process, wherever that was started."""
        value = self.text(name, kind="folder")
        folder = Path(value).expanduser() if value else default
        if not folder.is_absolute():
            exit_with_error(f"{PREFIX}{name} must be an absolute path, not {value!r}")
        return folder

    def backup_target(self, name: str, data_dir: Path) -> str:
        """Read where scheduled backups go: a folder that is not in the data folder, or ``s3://bucket/prefix``."""
        value = self.text(name).strip()
        if re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,62}(/\S*)?", value):
            _require_s3(name)
            return value
        if value and ("://" in value or not Path(value).is_absolute()):
            exit_with_error(f"{PREFIX}{name} must be an absolute path or s3://bucket/prefix, not {value!r}")
        if value and Path(value).resolve().is_relative_to(data_dir.resolve()):
            exit_with_error(f"{PREFIX}{name} is in the data folder, and would be lost together with it")
        return value

    def email(self, name: str) -> dict[str, Any]:
        """Return Django's ``EMAIL_*`` settings; without an address messages are printed to the log."""
        try:
            settings: dict[str, Any] = environ.Env.email_url_config(
                self.text(name, kind="address") or "consolemail://"
            )
        except (ImproperlyConfigured, ValueError) as error:
            exit_with_error(f"{PREFIX}{name} cannot be used: {error}")
        return {
            key: value for key, value in settings.items() if key.startswith("EMAIL_") and value is not None
        }

    def database(self, name: str, data_dir: Path) -> dict[str, Any]:
        """Return Django's settings of the database, by default SQLite in the data folder."""
        try:
            with warnings.catch_warnings(action="ignore"):  # what it would warn of is refused below
                database: dict[str, Any] = environ.Env.db_url_config(
                    self.text(name, kind="address") or f"sqlite:///{data_dir / 'stemoteca.sqlite3'}"
                )
        except (ImproperlyConfigured, ValueError) as error:
            exit_with_error(f"{PREFIX}{name} cannot be used: {error}")
        # Opening SQLite for each request would cost 5 ms as well, and its page cache would be lost.
        database.setdefault("CONN_MAX_AGE", 300)
        options = database.setdefault("OPTIONS", {})
        if database.get("ENGINE") == "django.db.backends.sqlite3":
            # WAL lets readers continue while one writes; IMMEDIATE takes the write lock when a transaction begins, so
            # that it waits for its turn instead of failing half-way.
            options |= {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=134217728;",
            }
            # Tests of races need a database that several threads can open, unlike the default one in memory.
            database["TEST"] = {"NAME": data_dir / "test.sqlite3"}
        elif database.get("ENGINE") == "django.db.backends.postgresql":
            database["ENGINE"] = "operations.postgresql"
            database.setdefault("CONN_HEALTH_CHECKS", True)
            options.setdefault("connect_timeout", 5)
            options.setdefault("tcp_user_timeout", 10_000)  # milliseconds until a lost host is noticed
            # No prepared statements (`prepare_threshold`), though they save a third of the database's time for a page:
            # planned once for an average artist, a list of the songs of somebody who has thousands took a second.
        else:
            exit_with_error(f"{PREFIX}{name} must be a sqlite or postgres address")
        return database

    def data_folder(self, name: str) -> Path:
        """Return the folder that holds everything this installation owns; create it on first use, closed to others."""
        folder = self._absolute(name, BASE_DIR / "var")
        try:
            folder.mkdir(0o750, parents=True, exist_ok=True)
        except OSError as error:
            exit_with_error(f"cannot make the data folder {folder}: {error.strerror}")
        if not os.access(folder, os.W_OK | os.X_OK):
            exit_with_error(f"cannot write to the data folder {folder}")
        return folder


def _problem_of_origin(value: str) -> str:
    """Return what is wrong with the address of a site, ``""`` if nothing is."""
    try:
        parts = urlsplit(value)
        _port = parts.port
    except ValueError as error:
        return f"is no address ({error})"
    if parts.scheme not in {"http", "https"}:
        return "does not begin with http:// or https://"
    if not parts.hostname or not re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]+", parts.hostname):
        return "names no host"
    if parts.username is not None or parts.path not in {"", "/"} or parts.query or parts.fragment:
        return "has more than a host and a port"
    return ""


def _problem_of_redis(value: str) -> str:
    """Return what is wrong with the address of a Redis server, ``""`` if nothing is."""
    try:
        parts = urlsplit(value)
        _port = parts.port
    except ValueError as error:
        return f"is no address ({error})"
    if parts.scheme not in {"redis", "rediss", "unix"} or not value.startswith(f"{parts.scheme}://"):
        return "does not begin with redis://, rediss:// or unix://"
    if parts.scheme != "unix" and not re.fullmatch(r"(/\d*)?", parts.path, re.ASCII):
        return "names a database that is no number"
    return ""


def caches(redis_url: str) -> dict[str, dict[str, Any]]:
    """Return Django's ``CACHES``. Limits are kept apart; a hundred thousand counters take some 40 MB."""
    if redis_url:
        redis = {
            "BACKEND": "operations.caches.redis_cache.RedisCache",
            "LOCATION": redis_url,
            "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},  # seconds
        }
        return {"default": redis, "limits": {**redis, "KEY_PREFIX": "limits"}}
    return {
        alias: {
            "BACKEND": "operations.caches.memory_cache.MemoryCache",
            "LOCATION": alias,
            "OPTIONS": {"MAX_ENTRIES": entries, "CULL_FREQUENCY": 10},
        }
        for alias, entries in (("default", 20_000), ("limits", 100_000))
    }


def _check_s3(env: Environment, names: tuple[str, ...], prefix: str = "") -> None:
    """End the process if only a part of the settings of S3 is there."""
    given = {name for name in names if env.text(name)}
    if given and "S3_BUCKET" in names and "S3_BUCKET" not in given:
        exit_with_error(f"{PREFIX}{min(given)} needs {PREFIX}S3_BUCKET as well")
    keys = (f"{prefix}S3_ACCESS_KEY", f"{prefix}S3_SECRET_KEY")
    for one, other in (keys, keys[::-1]):
        if one in given and other not in given:
            exit_with_error(f"{PREFIX}{one} needs {PREFIX}{other} as well")
    endpoint = f"{prefix}S3_ENDPOINT"
    if endpoint in given and not re.match(r"https?://[^/\s]", env.text(endpoint)):
        exit_with_error(f"{PREFIX}{endpoint} must begin with http:// or https://, and name a host")


def _require_s3(name: str) -> None:
    """End the process where an installation without the packages for S3 is told to use it."""
    if find_spec("boto3") is None or find_spec("storages") is None:
        exit_with_error(f"{PREFIX}{name} needs packages that are not installed: those of stemoteca[s3]")


def backup_s3(env: Environment) -> dict[str, str | None]:
    """Return how buckets with backups are reached: by their own settings, or else like the bucket with the files."""
    _check_s3(env, BACKUP_S3_NAMES, "BACKUP_")
    own = {
        "endpoint_url": env.text("BACKUP_S3_ENDPOINT") or None,
        "region_name": env.text("BACKUP_S3_REGION") or None,
        "access_key": env.text("BACKUP_S3_ACCESS_KEY") or None,
        "secret_key": env.text("BACKUP_S3_SECRET_KEY") or None,
    }
    return own if any(own.values()) else _s3_access(env)


def _s3_access(env: Environment) -> dict[str, str | None]:
    return {
        "endpoint_url": env.text("S3_ENDPOINT") or None,
        "region_name": env.text("S3_REGION") or None,
        "access_key": env.text("S3_ACCESS_KEY") or None,
        "secret_key": env.text("S3_SECRET_KEY") or None,
    }


def files_storage(env: Environment, data_dir: Path) -> dict[str, Any]:
    """Return the storage of every file that the catalogue names: mixtures, stems, renditions, covers."""
    bucket = env.text("S3_BUCKET")
    _check_s3(env, S3_NAMES)
    if not bucket:
        options: dict[str, Any] = {"location": data_dir / "files", "base_url": None}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    _require_s3("S3_BUCKET")
    options = {
        "bucket_name": bucket,
        **_s3_access(env),
        "querystring_expire": 3600,
        "file_overwrite": True,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
