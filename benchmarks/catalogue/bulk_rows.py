"""Bulk inserts: rows by COPY on PostgreSQL and in one transaction on SQLite, without indexes meanwhile."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from django.apps import apps
from django.db import connection, models, transaction

Row = tuple[Any, ...]


class Rows:
    """Rows by table, written a chunk at a time. Columns that are not named get the field's default."""

    def __init__(self) -> None:
        self._rows: dict[type[models.Model], list[Row]] = defaultdict(list)
        self._names: dict[type[models.Model], tuple[str, ...]] = {}

    def of(self, model: type[models.Model], *names: str) -> Callable[[Row], None]:
        """What takes the rows of `model`; `names` are the fields in their order."""
        self._names[model] = names
        return self._rows[model].append

    def write(self) -> None:
        """Put what there is into the database."""
        for model, rows in self._rows.items():
            if rows:
                _write(model, self._names[model], rows)
                rows.clear()  # the list stays: `of` gave its method away


def _write(model: type[models.Model], names: Sequence[str], rows: list[Row]) -> None:
    fields = {field.name: field for field in model._meta.concrete_fields}  # noqa: SLF001  # public, by Django
    rest = [f for name, f in fields.items() if name not in names and not isinstance(f, models.BigAutoField)]
    columns = [fields[name].column for name in names] + [field.column for field in rest]
    defaults = (field.get_default() for field in rest)
    tail = tuple("{}" if value == {} else value for value in defaults)  # JSON
    with connection.cursor() as cursor:
        quoted = ", ".join(connection.ops.quote_name(str(column)) for column in columns)
        table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001
        if connection.vendor == "postgresql":
            end = "".join(f"\t{_text(value)}" for value in tail) + "\n"
            with cursor.copy(f"COPY {table} ({quoted}) FROM STDIN") as copy:
                copy.write("".join(["\t".join(map(_text, row)) + end for row in rows]))
        else:
            marks = ", ".join(["%s"] * len(columns))
            insert = f"INSERT INTO {table} ({quoted}) VALUES ({marks})"  # noqa: S608  # names of our own
            cursor.executemany(insert, [row + tail for row in rows])


def _text(value: object) -> str:
    """A value as COPY takes it; no text of ours holds a backslash or a tab."""
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    return str(value)


@contextmanager
def without_indexes() -> Iterator[None]:
    """Take indexes, uniqueness and foreign keys of the big tables away, and make them again afterwards."""
    with _taken_from_postgres() if connection.vendor == "postgresql" else _taken_from_sqlite():
        yield


def _tables() -> set[str]:
    labels = ("catalog", "separation")
    return {model._meta.db_table for label in labels for model in apps.get_app_config(label).get_models()}  # noqa: SLF001


@contextmanager
def _taken_from_postgres() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype IN ('f', 'u') AND conrelid::regclass::text = ANY(%s) ORDER BY contype",
            [list(_tables())],
        )
        constraints = cursor.fetchall()
        for table, name, _definition in constraints:
            cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE NOT indisprimary AND indrelid::regclass::text = ANY(%s)",
            [list(_tables())],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in reversed(constraints):  # uniqueness before what points at it
            cursor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}')


@contextmanager
def _taken_from_sqlite() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        )
        indexes = [(name, sql) for name, table, sql in cursor.fetchall() if table in _tables()]
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.execute("PRAGMA foreign_keys = OFF")
        for name, _sql in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        with transaction.atomic():
            yield
        for _name, sql in indexes:
            cursor.execute(sql)
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")


class Ids:
    """Random ids and digests as hexadecimal text, a hundred thousand at a time."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self._rng = rng
        self._size = size
        self._left: list[str] = []

    def __call__(self) -> str:
        if not self._left:
            text = self._rng.bytes(100_000 * self._size).hex()
            width = 2 * self._size
            self._left = [text[at : at + width] for at in range(0, len(text), width)]
        return self._left.pop()
