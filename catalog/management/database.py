"""Migrate the database before a command that must work on a new machine."""

from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from catalog import fingerprints
from catalog.models import Fingerprint, FingerprintTerm
from catalog.search import schema
from catalog.search.reindex import reindex


def migrate_database() -> bool:
    """Apply missing migrations; return False if there were none, which takes a fraction of ``migrate``'s time.

    The operations app backs the database up before (``operations/backups/upgrades.py``). Raises CommandError for a
    database with migrations that this version does not have: it was made by a later version, or by one from before the
    first release.
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
            "the database was made by a newer version of Stemoteca, or by one from before the first release: its "
            f"migration {unknown[0]} is unknown to version {settings.VERSION}. Nothing was changed"
        )
    is_missing_some = bool(executor.migration_plan(loader.graph.leaf_nodes()))
    if is_missing_some:
        call_command("migrate", interactive=False, verbosity=0)
    _compute_what_is_missing()
    return is_missing_some


def _compute_what_is_missing() -> None:
    """Make the indexes that a restored backup of an earlier version does not have yet."""
    if not schema.is_complete(connection):
        reindex()
    if Fingerprint.objects.exists() and not FingerprintTerm.objects.exists():
        fingerprints.index_terms()
