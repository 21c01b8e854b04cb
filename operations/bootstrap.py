"""What a start needs: the data folder's lock, a listening socket, tables, static files, the administrator."""

import errno
import hashlib
import json
import logging
import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, OperationalError

from accounts.administrator import get_or_create_administrator
from catalog.errors import CacheUnavailableError
from catalog.management.database import migrate_database
from catalog.storage.data_folder_lock import DataFolderLock
from operations.checks import unknown_variables
from operations.process_lifecycle import exit_with_error
from operations.static_files import IGNORED_FILES
from separation.engines.spleeter.native import build
from separation.engines.torch import interpreter

log = logging.getLogger(__name__)

DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO}
SERVICE_UNREACHABLE = 2  # exit status; the reason has been printed


def lock_data_folder(folder: Path) -> DataFolderLock:
    """Return the acquired lock; exit with one line when another process has it."""
    lock = DataFolderLock(folder)
    if not lock.acquire():
        exit_with_error(f"already running from {folder} (process {lock.holder() or 'unknown'})")
    return lock


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket that the website inherits; exit with one line when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            exit_with_error(f"port {port} is taken; choose another one with PORT=...")
        reason = (error.strerror or str(error)).partition(" (while attempting")[0]
        exit_with_error(f"cannot listen on {host}:{port}: {reason}")
    listener.set_inheritable(True)
    return listener


def prepare_installation() -> tuple[str, str]:
    """Migrate, collect static files, create the administrator; return its address, and its password if it is new.

    Runs in a fork, so that the supervisor does not keep the memory that this takes.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            cache.get("start")
            migrate_database()
            collect_static()
            require_engine()
            compile_engine()
            user, password = get_or_create_administrator()
            os.write(writer, json.dumps([user.email, password]).encode())
            status = 0
        except OperationalError as error:
            sys.stderr.write(f"stemoteca: the database does not answer: {' '.join(str(error).split())}\n")
            status = SERVICE_UNREACHABLE
        except CacheUnavailableError as error:
            sys.stderr.write(f"stemoteca: Redis does not answer: {error}\n")
            status = SERVICE_UNREACHABLE
        except DatabaseError as error:
            sys.stderr.write(f"stemoteca: the database cannot be used: {error}\n")
        except CommandError as error:
            sys.stderr.write(f"stemoteca: {error}\n")
        except Exception as error:
            if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                place = error.filename or f"the data folder {settings.DATA_DIR}"
                sys.stderr.write(f"stemoteca: cannot write to {place}: {error.strerror}\n")
            else:
                log.exception("the installation could not be prepared")
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as answer:
        try:
            result = answer.read()
        except KeyboardInterrupt:  # the child has it as well
            exit_with_error("stopped before it had started")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status == SERVICE_UNREACHABLE:
        sys.exit(1)
    if status:
        exit_with_error("cannot start: preparing the installation failed (see above)")
    email, password = json.loads(result)
    return email, password


def require_engine() -> None:
    """Raise CommandError where the settings name an engine that is not installed."""
    if (
        settings.SEPARATOR_ENGINE in {"tensorflow", "openvino"}
        and find_spec(settings.SEPARATOR_ENGINE) is None
    ):
        raise CommandError(f"STEMOTECA_ENGINE is {settings.SEPARATOR_ENGINE}, which is not installed here")
    if settings.SEPARATOR_ENGINE == "torch" and (problem := interpreter.problem(settings.TORCH_PYTHON)):
        raise CommandError(
            f"STEMOTECA_ENGINE is torch, but {problem}; {interpreter.VARIABLE} names another interpreter"
        )


def log_unknown_settings() -> None:
    """Log the variables that look like settings and are none, such as misspelt ones."""
    for sentence in unknown_variables():
        log.warning("%s", sentence)


def compile_engine() -> None:
    """Compile the native engine if it is to be used and there is none for this processor and release."""
    if settings.SEPARATOR_ENGINE not in {"auto", "native", "torch"} or build.is_built():
        return
    log.info("compiling the native engine for this processor; this takes some seconds, once")
    try:
        build.build()
    except build.NotBuilt as error:
        log.warning("%s: %s", build.FALLBACK, error)


def log_engine() -> None:
    """Log which engine separates songs here, and what a small installation lacks."""
    from separation.engines.spleeter import engine_choice  # noqa: PLC0415 (2 MB that the supervisor does not need)

    log.info("separating with %s", engine_choice.describe(settings.SEPARATOR_ENGINE))
    if find_spec("tensorflow") is None:
        log.info("the reference engine (TensorFlow) is not installed; nothing else needs it")
    if settings.SEPARATOR_ENGINE == "torch":
        log.info("separating with Demucs in PyTorch (%s)", settings.TORCH_PYTHON)


def collect_static() -> bool:
    """Collect the static files into one folder if any of them changed; return False if none did."""
    stamp = settings.STATIC_ROOT / ".collected"
    digest = hashlib.sha256(f"{django.get_version()} {settings.STORAGES['staticfiles']}".encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            about = Path(storage.path(name)).stat()
            digest.update(f"{name} {about.st_size} {about.st_mtime_ns}\n".encode())
    wanted = digest.hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=IGNORED_FILES)
    stamp.write_text(wanted)
    return True
