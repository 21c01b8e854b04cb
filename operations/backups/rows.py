"""The rows of the database as JSON Lines, the same for SQLite and PostgreSQL: one compressed file for each table.

The first line of a file names the columns, each further line is a row. Dates are ISO 8601, binary columns base64,
identifiers text; a reference to a permission or a content type, whose numbers differ between databases, is written by
name. Reading and writing take constant memory.

Left out on purpose: sessions and tokens (everybody signs in again), confirmations that were mailed, the queue's tasks
(the rows of separations are the truth), renditions (made again on request), and what is computed from other rows:
statistics, the terms of fingerprints, the index of the search. Backups and checks belong to the machine.
"""

import base64
import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.apps import apps as current_apps
from django.apps.registry import Apps
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from catalog.errors import CatalogError

LEFT_OUT_APPS = {"sessions", "contenttypes", "django_q", "token_blacklist", "operations"}
LEFT_OUT = {
    "auth.Permission",
    "account.EmailConfirmation",
    "catalog.Rendition",
    "catalog.FingerprintTerm",
    "separation.Statistics",
}
_BY_NAME = {
    "contenttypes.ContentType": ("app_label", "model"),
    "auth.Permission": ("content_type__app_label", "content_type__model", "codename"),
}
_CHUNK = 2_000

Model = type[models.Model]


def tables(apps: Apps = current_apps) -> dict[str, Model]:
    """Return the models whose rows a backup has, by label; what they refer to may come after them."""
    return {
        model._meta.label: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in LEFT_OUT_APPS
        and model._meta.label not in LEFT_OUT
        and model._meta.managed
        and not model._meta.proxy
    }


@contextmanager
def frozen() -> Iterator[None]:
    """Have all queries of this thread see the database as it is now, without delaying whoever writes."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")  # `atomic` takes the lock for writing
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")  # the first read begins the snapshot
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
        return
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def write(model: Model, path: Path, apps: Apps = current_apps) -> int:
    """Write all rows of ``model`` to ``path``; return how many there are. Call it within ``frozen``."""
    fields = model._meta.concrete_fields
    names = {index: _names(model, apps) for index, model in _named_by(fields)}
    count = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        file.write(_line([field.attname for field in fields]))
        rows = model._base_manager.order_by("pk").values_list(*(field.attname for field in fields))
        for row in rows.iterator(chunk_size=_CHUNK):
            values = list(row)
            for index, known in names.items():
                values[index] = None if values[index] is None else known[values[index]]
            file.write(_line(values))
            count += 1
    return count


def read(model: Model, source: IO[bytes], apps: Apps = current_apps) -> int:
    """Insert the rows of ``source`` (not compressed); return how many there were. Call it within a transaction.

    References are checked when the transaction ends. Raises ``CatalogError``: ``backup_damaged`` for what is no row
    of this table, ``does_not_fit`` for what this database cannot hold; and IntegrityError.
    """
    count = 0
    with connection.cursor() as cursor:
        insert, rows = _prepared(model, source, apps)
        while batch := _next(rows, model):
            try:
                cursor.executemany(insert, batch)
            except IntegrityError:
                raise
            except (DatabaseError, ValueError) as error:
                reason = {"table": model._meta.label, "reason": " ".join(str(error).split())}
                sentence = _("The rows of %(table)s do not fit into this database: %(reason)s")
                raise CatalogError("does_not_fit", sentence % reason) from error
            count += len(batch)
    return count


def _prepared(model: Model, source: IO[bytes], apps: Apps) -> tuple[str, Iterator[list[Any]]]:
    """Return the statement that inserts a row, and the rows as the database takes them."""
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    try:
        names: list[str] = json.loads(source.readline())
        fields = [by_name.pop(name) for name in names]
    except (ValueError, LookupError, TypeError) as error:
        raise _damaged(model._meta.label) from error
    if by_name:
        raise _damaged(model._meta.label)
    ids = {index: _Ids(model, apps) for index, model in _named_by(fields)}
    convert = [_converter(field, ids.get(index)) for index, field in enumerate(fields)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    insert = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608  # our own names
    return insert, (
        [turn(value) for turn, value in zip(convert, json.loads(line), strict=True)] for line in source
    )


def _next(rows: Iterator[list[Any]], model: Model) -> list[list[Any]]:
    try:
        return list(islice(rows, _CHUNK))
    except (ValidationError, ValueError, LookupError, TypeError) as error:
        raise _damaged(model._meta.label) from error


def delete_all(of: Iterable[Model]) -> None:
    """Delete the rows of these tables without asking what refers to them, inside a transaction."""
    with connection.cursor() as cursor:
        for model in of:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608  # our own names


def reset_sequences(of: Iterable[Model]) -> None:
    """Have numbers that the database gives out go on behind those that were inserted."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(of)):
            cursor.execute(statement)


def _damaged(label: str) -> CatalogError:
    sentence = _("The backup is damaged: the rows of %(table)s cannot be read.")
    return CatalogError("backup_damaged", sentence % {"table": label})


def _line(values: list[Any]) -> bytes:
    form = {"ensure_ascii": False, "separators": (",", ":"), "sort_keys": True}  # equal rows give equal lines
    return json.dumps(values, default=_plain, **form).encode() + b"\n"  # type: ignore[arg-type]  # of several types


def _plain(value: object) -> str:
    match value:
        case UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case bytes() | memoryview():
            return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} has no form in a backup")


def _converter(field: "models.Field[Any, Any]", ids: "_Ids | None") -> Callable[[Any], Any]:
    """Return what makes a value from JSON one for the database."""
    if ids is not None:
        return lambda value: None if value is None else ids[tuple(value)]
    return lambda value: field.get_db_prep_save(
        value if isinstance(field, models.JSONField) else field.to_python(value), connection
    )


def _named_by(fields: Iterable["models.Field[Any, Any]"]) -> Iterator[tuple[int, Model]]:
    for index, field in enumerate(fields):
        target = field.related_model
        if isinstance(target, type) and target._meta.label in _BY_NAME:
            yield index, target


def _names(model: Model, apps: Apps) -> dict[Any, tuple[str, ...]]:
    rows = apps.get_model(model._meta.label)._base_manager
    return {pk: tuple(name) for pk, *name in rows.values_list("pk", *_BY_NAME[model._meta.label])}


class _Ids(dict[tuple[str, ...], Any]):
    """Primary keys by name; those of permissions and content types that do not exist here yet are made."""

    def __init__(self, model: Model, apps: Apps) -> None:
        super().__init__((name, pk) for pk, name in _names(model, apps).items())
        self._apps = apps

    def __missing__(self, name: tuple[str, ...]) -> Any:
        app, model, *codename = name
        types = self._apps.get_model("contenttypes", "ContentType")._base_manager
        kind, _new = types.get_or_create(app_label=app, model=model)
        self[name] = kind.pk
        for code in codename:
            permissions = self._apps.get_model("auth", "Permission")._base_manager
            permission, _new = permissions.get_or_create(
                content_type=kind, codename=code, defaults={"name": code}
            )
            self[name] = permission.pk
        return self[name]
