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
        self._file = (folder / "run.lock").open("a+")

    def take(self) -> bool:
        """False when another process has it; `holder` tells which."""
        for _try in range(5):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.1)  # perhaps somebody only looks
                continue
            self._file.seek(0)
            self._file.truncate()
            self._file.write(str(os.getpid()))
            self._file.flush()
            return True
        return False

    def holder(self) -> str:
        """Process id of who took it last."""
        self._file.seek(0)
        return self._file.read().strip()

    def is_held(self) -> bool:
        """Whether a supervisor runs from this folder now."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False
