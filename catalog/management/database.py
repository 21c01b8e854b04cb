"""Migrate the database before a command that must work on a new machine."""

from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate_database() -> bool:
    """Apply missing migrations; return False if there were none, which takes a fraction of ``migrate``'s time.

    Raises CommandError for a database with migrations that this version does not have: it was made by a later
    version, or by one from before the first release.
    """
    executor = MigrationExecutor(connection)
    loader = executor.loader
    ours = {app.label for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR}
    unknown = sorted(
        ".".join(key)
        for key in loader.applied_migrations
        if key[0] in ours and key not in loader.disk_migrations
    )
    if unknown:
        raise CommandError(
            f"the database was made by another version of Stemoteca: its migration {unknown[0]} is unknown here"
        )
    if not executor.migration_plan(loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True
