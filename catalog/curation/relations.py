"""Move all references from one row to another, and back.

Used when artists, albums or tracks are merged. It follows the models' relations and unique constraints, so tables that
are added later are included: rows that would exist twice (two likes of one account) become one, and references to the
duplicate are moved to the other.

The record of a move is plain data, kept in ``Change.before``; with it everything can be put back.
"""
# ruff: noqa: SLF001  # `_meta` and `_base_manager` are Django's public names for this

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from django.apps import apps
from django.core import serializers
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery, Value

Record = list[dict[str, Any]]
Absorb = Callable[[models.Model, models.Model], dict[str, Any]]
Restore = Callable[[models.Model, models.Model, dict[str, Any]], None]

T = TypeVar("T")

BATCH = 500


def move(old: models.Model, new: models.Model, absorb: Absorb | None = None) -> Record:
    """Point everything from ``old`` to ``new``, inside a transaction; both rows stay.

    Where a unique constraint has room for only one of two rows, the one of ``new`` stays: ``absorb(spare, stays)``
    may take over what only the spare one knows, and returns what is needed to undo that.
    """
    record: Record = []
    for model, field in _relations(type(old)):
        dropped: list[dict[str, Any]] = []
        for unique in _uniques(model, field):
            pairs = _duplicates(model, field, unique, old, new)
            dropped += [_merge_duplicate(duplicate, kept, absorb) for duplicate, kept in pairs]
            for pks in _batches([duplicate.pk for duplicate, _stays in pairs]):
                model._base_manager.filter(pk__in=pks).delete()
        rows = _rows(model, field, old)
        moved = [str(pk) for pk in rows.order_by("pk").values_list("pk", flat=True)]
        if moved:
            rows.update(**{field: new})
        if moved or dropped:
            record.append({"model": model._meta.label, "field": field, "moved": moved, "dropped": dropped})
    return record


def move_back(record: Record, old: models.Model, new: models.Model, restore: Restore | None = None) -> None:
    """Undo ``move`` as far as the rows are still where it put them; ``old`` is there again already."""
    for entry in reversed(record):
        model, field = _model(entry["model"]), entry["field"]
        for pks in _batches(entry["moved"]):
            _rows(model, field, new).filter(pk__in=pks).update(**{field: old})
        for batch in _batches(entry["dropped"]):
            kept = model._base_manager.in_bulk([model._meta.pk.to_python(each["stays"]) for each in batch])
            known = {str(pk): row for pk, row in kept.items()}
            missing = [each for each in batch if each["stays"] in known]
            _restore_leaves(model, [each["row"] for each in missing if _is_leaf(each)])
            for each in missing:
                duplicate = None if _is_leaf(each) else restore_row(each["row"])
                if duplicate is not None:
                    move_back(each["inner"], duplicate, known[each["stays"]], restore)
                    if restore is not None:
                        restore(duplicate, known[each["stays"]], each["absorbed"])


def row_data(row: models.Model) -> dict[str, Any]:
    """Serialize a row as plain data, times to the microsecond (Django's JSON stops at milliseconds)."""
    data: dict[str, Any] = json.loads(json.dumps(serializers.serialize("python", [row])[0], default=str))
    return data


def restore_row(data: dict[str, Any]) -> models.Model | None:
    """Recreate the row from its ``row_data``; None when what it named is deleted, or its place is taken.

    What it named and did not need is left empty.
    """
    row = next(iter(serializers.deserialize("python", [data]))).object
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.remote_field is None or value is None:
            continue
        if not field.remote_field.model._base_manager.filter(pk=value).exists():
            if not field.null:
                return None
            setattr(row, field.attname, None)
    if type(row)._base_manager.filter(_taken(row)).exists():
        return None
    row.save_base(raw=True, force_insert=True)
    found: models.Model = row
    return found


def _is_leaf(dropped: dict[str, Any]) -> bool:
    """Whether nothing named the deleted row, and nothing was taken over from it."""
    return not (dropped["inner"] or dropped["absorbed"])


def _restore_leaves(model: type[models.Model], data: list[dict[str, Any]]) -> None:
    """Do ``restore_row`` for many rows of one table, in a few queries."""
    rows = [each.object for each in serializers.deserialize("python", data)]
    dates = [field for field in model._meta.concrete_fields if getattr(field, "auto_now_add", False)]
    for field in model._meta.concrete_fields:
        if field.remote_field is not None:
            wanted = {getattr(row, field.attname) for row in rows} - {None}
            there = set(
                field.remote_field.model._base_manager.filter(pk__in=wanted).values_list("pk", flat=True)
            )
            for row in rows:
                if getattr(row, field.attname) not in there and field.null:
                    setattr(row, field.attname, None)
            rows = [row for row in rows if field.null or getattr(row, field.attname) in there]
    whens = [[getattr(row, field.attname) for field in dates] for row in rows]
    model._base_manager.bulk_create(rows, ignore_conflicts=True)  # where another has the place, that stays
    for row, values in zip(rows, whens, strict=True):
        for field, value in zip(dates, values, strict=True):
            setattr(row, field.attname, value)
    if dates and rows:
        model._base_manager.bulk_update(rows, [field.name for field in dates])


def _taken(row: models.Model) -> Q:
    """Match rows that leave no room for ``row``."""
    found = Q(pk=row.pk)
    for field in row._meta.concrete_fields:
        if field.unique and not field.primary_key:
            found |= Q(**{field.attname: getattr(row, field.attname)})
    for fields, condition in _constraints(type(row)):
        attributes = [field.attname for field in row._meta.concrete_fields if field.name in fields]
        values = {name: getattr(row, name) for name in attributes}
        if None not in values.values() and _meets(row, condition):
            found |= Q(condition or Q(), **values)
    return found


def _meets(row: models.Model, condition: Q | None) -> bool:
    return condition is None or condition.check(
        {f.attname: Value(getattr(row, f.attname), output_field=f) for f in row._meta.concrete_fields}
    )


def _relations(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """Yield every foreign key to ``model``, also those without a name on this side."""
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel):  # one-to-one is one of them
            yield relation.related_model, relation.field.name


def _constraints(model: type[models.Model]) -> Iterator[tuple[tuple[str, ...], Q | None]]:
    for names in model._meta.unique_together:
        yield tuple(names), None
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
            yield tuple(constraint.fields), constraint.condition


def _uniques(model: type[models.Model], name: str) -> Iterator[tuple[tuple[str, ...], Q | None]]:
    """Yield what else may be there only once for each ``name``: other fields, and when."""
    if model._meta.get_field(name).unique:  # type: ignore[union-attr]  # a foreign key has it
        yield (), None
    for fields, condition in _constraints(model):
        if name in fields:
            yield tuple(field for field in fields if field != name), condition


def _duplicates(
    model: type[models.Model],
    field: str,
    unique: tuple[tuple[str, ...], Q | None],
    old: models.Model,
    new: models.Model,
) -> list[tuple[models.Model, models.Model]]:
    """Find rows naming ``old`` that have no place beside one naming ``new``, each with that one."""
    others, condition = unique
    same = _rows(model, field, new).filter(condition or Q(), **{name: OuterRef(name) for name in others})
    rows = _rows(model, field, old).filter(condition or Q()).filter(Exists(same))
    found = list(rows.annotate(kept_pk=Subquery(same.values("pk")[:1])))
    kept = model._base_manager.in_bulk([row.kept_pk for row in found])
    return [(row, kept[row.kept_pk]) for row in found]


def _merge_duplicate(duplicate: models.Model, kept: models.Model, absorb: Absorb | None) -> dict[str, Any]:
    """Move what names ``duplicate``, which will be deleted, to ``kept``."""
    data = row_data(duplicate)
    inner = move(duplicate, kept, absorb)
    absorbed = absorb(duplicate, kept) if absorb is not None else {}
    return {"row": data, "stays": str(kept.pk), "inner": inner, "absorbed": absorbed}


def _rows(model: type[models.Model], field: str, row: models.Model) -> "models.QuerySet[Any]":
    return model._base_manager.filter(**{field: row})


def _model(label: str) -> type[models.Model]:
    return apps.get_model(label)


def _batches(rows: list[T]) -> Iterable[list[T]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
