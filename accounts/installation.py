"""What an installation needs before anybody can use it: tables, and one account that looks after it."""

import fcntl
import os
import secrets
import time
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import User


def migrate() -> bool:
    """Bring the database up to date; False when it was already."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def administrator() -> tuple[User, str]:
    """The account that looks after the installation, made on first use; with its password only then.

    Its address is ``STEMOTECA_ADMIN_EMAIL``, or one that reaches nobody.
    """
    known = User.objects.filter(is_superuser=True, is_active=True).order_by("date_joined").first()
    if known:
        return known, ""
    email = os.environ.get("STEMOTECA_ADMIN_EMAIL") or "admin@localhost.localdomain"
    password = secrets.token_urlsafe(12)
    user = User.objects.filter(email=User.objects.normalize_email(email)).first()
    if user is None:
        return User.objects.create_superuser(email, password), password
    user.is_staff = user.is_superuser = user.is_active = True
    user.save(update_fields=["is_staff", "is_superuser", "is_active"])
    return user, ""


class FolderLock:
    """The data folder belongs to one supervisor at a time. The kernel lets go when that process ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "run.lock"
        self._descriptor = -1

    def take(self) -> bool:
        """False when another process has it; `holder` tells which."""
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        for _try in range(5):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.1)  # perhaps somebody only looks
                continue
            os.truncate(self._descriptor, 0)
            os.write(self._descriptor, str(os.getpid()).encode())
            return True
        self.close()
        return False

    def holder(self) -> str:
        """Process id of who took it last."""
        return self._path.read_text().strip() if self._path.is_file() else ""

    def close(self) -> None:
        """Give it back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_running(folder: Path) -> bool:
    """Whether a supervisor runs from this data folder now."""
    try:
        descriptor = os.open(folder / "run.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
