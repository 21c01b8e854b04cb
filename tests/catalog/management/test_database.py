"""Migrations at start."""

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from catalog.management.database import migrate_database


def test_up_to_date_database_needs_no_migration(db: None) -> None:
    assert migrate_database() is False


@pytest.mark.parametrize("app", ["accounts", "catalog", "separation"])
def test_database_of_another_version_is_refused(db: None, app: str) -> None:
    MigrationRecorder(connection).record_applied(app, "9999_of_another_version")
    with pytest.raises(CommandError, match=rf"{app}\.9999_of_another_version"):
        migrate_database()


def test_unknown_migrations_of_libraries_are_ignored(db: None) -> None:
    MigrationRecorder(connection).record_applied("sessions", "9999_of_another_version")
    assert migrate_database() is False
