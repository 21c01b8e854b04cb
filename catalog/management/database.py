"""Migrations before a command that must work on a new machine, where nothing was started before."""

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate_database() -> bool:
    """Apply missing migrations; return False if there were none, which takes a fraction of ``migrate``'s time."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True
