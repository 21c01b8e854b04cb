"""What an installation needs before anybody can use it: tables, and one account that looks after it."""

import os
import secrets

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
