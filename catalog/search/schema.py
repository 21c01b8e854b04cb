"""Makes the index's tables and triggers, and takes the triggers off while tables are changed.

None of it is a Django model: a row of the index is nothing but words of a row of the catalogue, written by triggers
in the database, so that whatever changes a name - a form, a merge, a bulk write, plain SQL - changes the index.
"""

from types import ModuleType
from typing import Any

from django.db import connections

from catalog.search import postgres, sqlite


def dialect(connection: Any) -> ModuleType:
    return postgres if connection.vendor == "postgresql" else sqlite


def run(connection: Any, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def create(connection: Any) -> None:
    """Tables and functions, without the triggers: later migrations may still change the catalogue's tables."""
    run(connection, dialect(connection).CREATE_TABLES)


def drop(connection: Any) -> None:
    remove_triggers(connection)
    run(connection, dialect(connection).DROP_TABLES)


def install_triggers(connection: Any) -> None:
    run(connection, dialect(connection).CREATE_TRIGGERS)


def triggers(connection: Any) -> dict[str, str]:
    """The names of the triggers that are installed, and of their tables."""
    with connection.cursor() as cursor:
        cursor.execute(dialect(connection).LIST_TRIGGERS)
        return dict(cursor.fetchall())


def is_complete(connection: Any) -> bool:
    """Whether the index is kept by its triggers, and has any song at all where the catalogue has."""
    if set(triggers(connection)) != set(dialect(connection).TRIGGERS):
        return False
    with connection.cursor() as cursor:
        cursor.execute("""SELECT EXISTS (SELECT 1 FROM catalog_search_track)
            OR NOT EXISTS (SELECT 1 FROM catalog_track)""")
        return bool(cursor.fetchone()[0])


def remove_triggers(connection: Any) -> None:
    at = " ON {}" if connection.vendor == "postgresql" else ""
    run(
        connection, [f"DROP TRIGGER {name}{at.format(table)}" for name, table in triggers(connection).items()]
    )


def before_migrations(using: str, plan: list[Any], **_others: Any) -> None:
    """SQLite changes a table by making it anew, which triggers that name it would forbid."""
    connection = connections[using]
    if plan and "catalog_search_track" in connection.introspection.table_names():
        remove_triggers(connection)


def after_migrations(using: str, **_others: Any) -> None:
    """Put the triggers (back) in their place."""
    connection = connections[using]
    if "catalog_search_track" not in connection.introspection.table_names():
        return
    if set(triggers(connection)) != set(dialect(connection).TRIGGERS):
        remove_triggers(connection)
        install_triggers(connection)
