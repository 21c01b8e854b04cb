"""Statements that Django writes once.

Writing a statement takes Django longer than answering it takes the database, and a page asks ten. What pages ask is
the same each time but for some values: so the statement is kept, and they are put into it.
"""

from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import QuerySet, UUIDField

from accounts.models import User

ANY = "= ANY(%s::uuid[])"
_IN = "IN (%s)"


class _Place(NamedTuple):
    """Where an argument goes."""

    number: int


class _Statement(NamedTuple):
    sql: str
    values: tuple[Any, ...]
    ids: frozenset[int]  # columns


class Written:
    """Asks what ``rows`` would: plain values in tuples.

    Arguments are people, ids, texts, and lists of ids for ``__in``. They have to go into the statement as they are, and
    nothing else in it may depend on them. Where a list is empty there are no rows. What SQLite keeps as text (times)
    comes as text, all but ids.
    """

    def __init__(self, rows: Callable[..., QuerySet[Any, Any]]) -> None:
        self._rows = rows
        self._statement = cache(self._write)

    def __call__(self, *given: Any, start: int = 0, stop: int | None = None) -> list[tuple[Any, ...]]:
        """The rows from ``start`` to before ``stop``."""
        kinds = tuple(map(_kind, given))
        if any(kind == "ids" and not ids for kind, ids in zip(kinds, given, strict=True)):
            return []
        native = connection.vendor == "postgresql"
        sql, values, ids = self._statement(kinds, native=native)
        put: list[Any] = []
        for value in values:
            put += _put(given[value.number], native=native) if isinstance(value, _Place) else [value]
        for value in values if not native else ():
            if isinstance(value, _Place) and kinds[value.number] == "ids":
                # Each list takes the first of these places that is left, hence the space before the bracket.
                places = ", ".join(["%s"] * len(given[value.number]))
                sql = sql.replace(_IN, f"IN ({places} )", 1)
        if stop is not None:
            sql += f" LIMIT {stop - start} OFFSET {start}"
        with connection.cursor() as cursor:
            cursor.execute(sql, put)
            found = cursor.fetchall()
        return list(found) if native else [_with_ids(row, ids) for row in found]

    def of(self, *given: Any) -> "Slices":
        """The same as something that is cut into pages."""
        return Slices(self, given)

    def _write(self, kinds: tuple[str, ...], *, native: bool) -> _Statement:
        compiler = self._rows(*map(_mark, kinds, range(len(kinds)))).query.get_compiler(connection=connection)
        sql, values = compiler.as_sql()
        marks = {
            mark: _Place(number) for number in range(len(kinds)) for mark in (_key(number).hex, _text(number))
        }
        fields = enumerate(column.output_field for column, *_names in compiler.select)
        return _Statement(
            sql.replace(_IN, ANY) if native else sql,
            tuple(marks.get(value.hex if isinstance(value, UUID) else str(value), value) for value in values),
            frozenset(n for n, field in fields if isinstance(field, UUIDField)),
        )


class Slices:
    """What is asked with some arguments, a slice at a time."""

    def __init__(self, written: Written, given: tuple[Any, ...]) -> None:
        self._written, self._given = written, given

    def __getitem__(self, part: slice) -> list[tuple[Any, ...]]:
        return self._written(*self._given, start=part.start or 0, stop=part.stop)


def _kind(value: Any) -> str:
    if hasattr(value, "is_anonymous"):
        return "visitor" if value.is_anonymous else "person"
    return "text" if isinstance(value, str) else "id" if isinstance(value, UUID) else "ids"


def _mark(kind: str, number: int) -> Any:
    """What stands for the argument of this number while its statement is written."""
    if kind == "visitor":
        return AnonymousUser()
    if kind == "person":
        return User(pk=_key(number))
    return {"text": _text(number), "id": _key(number), "ids": [_key(number)]}[kind]


def _key(number: int) -> UUID:
    return UUID(int=number + 1)


def _text(number: int) -> str:
    return f"\ue000{number}"


def _put(value: Any, *, native: bool) -> Sequence[Any]:
    """What is put in the place of an argument, or in the places of a list."""
    if isinstance(value, str):
        return [value]
    if hasattr(value, "is_anonymous"):
        value = value.pk
    if isinstance(value, UUID):
        return [value if native else value.hex]
    return [array_of(value)] if native else [key.hex for key in value]


def array_of(ids: Collection[UUID]) -> str:
    """Ids for `ANY`: the driver takes longer to write a list of them than the database to answer."""
    return f"{{{','.join([key.hex for key in ids])}}}"


def _with_ids(row: Sequence[Any], ids: frozenset[int]) -> tuple[Any, ...]:
    return tuple(UUID(value) if n in ids and value else value for n, value in enumerate(row))
