"""Everything that must be true before the website can answer, done only as far as it is not."""

import errno
import hashlib
import json
import logging
import os
import socket
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import OperationalError

from accounts import installation
from accounts.installation import FolderLock
from operations.process_lifecycle import refuse
from operations.static_files import UNUSED
from separation.engines.native import build

log = logging.getLogger(__name__)

UNREACHABLE = 2


def own(folder: Path) -> FolderLock:
    """The data folder, for as long as the result lives; refuses with one line when somebody else has it."""
    lock = FolderLock(folder)
    if not lock.take():
        refuse(f"already running from {folder} (process {lock.holder() or 'unknown'})")
    return lock


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that the website inherits; refuses with one line when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            refuse(f"port {port} is taken; choose another one with PORT=...")
        refuse(f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}")
    listener.set_inheritable(True)  # its only argument
    return listener


def prepare() -> tuple[str, str]:
    """Tables, static files, the administrator's account; returns its address, and its password if new.

    Happens in a fork: what migrations and static files need in memory, the supervisor need not keep for ever.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            installation.migrate()
            collect_static()
            compile_engine()
            user, password = installation.administrator()
            os.write(writer, json.dumps([user.email, password]).encode())
            status = 0
        except OperationalError as error:
            sys.stderr.write(f"stemoteca: the database does not answer: {' '.join(str(error).split())}\n")
            status = UNREACHABLE
        except Exception:
            log.exception("the installation could not be prepared")
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status == UNREACHABLE:
        sys.exit(1)
    if status:
        refuse("cannot start: the installation could not be prepared (see above)")
    email, password = json.loads(said)
    return email, password


def compile_engine() -> None:
    """Compile the native engine if it is to be used and there is none for this processor and release."""
    if settings.SEPARATOR_ENGINE not in {"auto", "native"} or build.is_built():
        return
    log.info("compiling the native engine for this processor; this takes some seconds, once")
    try:
        build.build()
    except build.NotBuilt as error:
        log.warning("%s: %s", build.FALLBACK, error)


def log_engine() -> None:
    """Log which engine separates songs here."""
    from separation.engines import registry  # noqa: PLC0415 (2 MB that the supervisor does not need)

    log.info("separating with %s", registry.describe(settings.SEPARATOR_ENGINE))


def collect_static() -> bool:
    """Gather the static files into one folder when any of them changed; False when it was up to date."""
    stamp = settings.STATIC_ROOT / ".collected"
    digest = hashlib.sha256(f"{django.get_version()} {settings.STORAGES['staticfiles']}".encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            about = Path(storage.path(name)).stat()
            digest.update(f"{name} {about.st_size} {about.st_mtime_ns}\n".encode())
    wanted = digest.hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=UNUSED)
    stamp.write_text(wanted)
    return True
