"""No module but ``separation/lifecycle.py`` writes the columns that make up the life of a separation."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFECYCLE = ROOT / "separation" / "lifecycle.py"
APPS = ("accounts", "audio", "catalog", "config", "operations", "separation", "benchmarks")
COLUMNS = {
    *("status", "owner", "lease_until", "attempts", "crashes", "retry_at", "task_sent_at"),
    *(
        "queued_at",
        "queued_by",
        "started_at",
        "finished_at",
        "progress",
        "segments",
        "gain",
        "error_code",
        "error_detail",
    ),
}
# Methods of a queryset or manager that write what they are given by keyword.
WRITERS = {"update", "create", "get_or_create", "update_or_create", "aupdate", "acreate"}
# Ways to reach rows of ``Separation`` without naming the class: related names, and a request's or stem's own.
PATHS = {"separation", "separations"}


def written(source: str) -> set[str]:
    """The columns of a separation that this code writes; ``?`` for a write that cannot be read from the code."""
    tree = ast.parse(source)
    if not any(_names_separations(node) for node in ast.walk(tree)):
        return set()
    found = {column for node in ast.walk(tree) for column in _written_by(node)}
    if any(_saves(node) for node in ast.walk(tree)):
        found.update(column for node in ast.walk(tree) for column in _assigned_by(node))
    return found


def _names_separations(node: ast.AST) -> bool:
    match node:
        case ast.ImportFrom(names=names):
            return any(alias.name == "Separation" for alias in names)
        case ast.Attribute(attr=name):
            return name == "Separation" or name in PATHS
        case ast.Constant(value=str(text)):
            return "separation_separation" in text or text == "Separation"
    return False


def _written_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(attr=name), keywords=keywords) if name in WRITERS:
            if not _is_of_another_table(node.func):
                for keyword in keywords:
                    yield from _columns(keyword)
        case ast.Call(func=ast.Attribute(attr="bulk_create" | "bulk_update")):
            if not _is_of_another_table(node.func):
                yield "?"
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(name)), _]):
            yield from COLUMNS & {name}
        case ast.Constant(value=str(text)) if "separation_separation" in text:
            yield from {"?"} if text.lstrip().upper().startswith(("UPDATE", "INSERT", "DELETE")) else set()


def _saves(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"save", "asave"}
    )


def _assigned_by(node: ast.AST) -> Iterator[str]:
    """Columns assigned to a row, which writes them once it is saved."""
    match node:
        case ast.Assign(targets=targets):
            yield from (column for target in targets for column in _attributes(target))
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            yield from _attributes(target)


def _is_of_another_table(node: ast.AST) -> bool:
    """Whether a chain such as ``Track.objects.filter().update`` begins with a class other than ``Separation``."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Attribute(value=inner, attr=name):
                if name in PATHS:
                    return False
                node = inner
            case ast.Call(func=inner):
                node = inner
            case _:
                return False
    return node.id[0].isupper() and node.id != "Separation"


def _columns(keyword: ast.keyword) -> Iterator[str]:
    if keyword.arg is not None and keyword.arg != "defaults":
        yield from COLUMNS & {keyword.arg}
    elif isinstance(keyword.value, ast.Dict):
        keys = [key.value for key in keyword.value.keys if isinstance(key, ast.Constant)]
        yield from COLUMNS & set(keys) if len(keys) == len(keyword.value.keys) else {"?"}
    else:
        yield "?"


def _attributes(target: ast.AST) -> Iterator[str]:
    match target:
        case ast.Attribute(value=ast.Name(id="self")):
            return  # the state of another object
        case ast.Attribute(attr=name):
            yield from COLUMNS & {name}
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for element in elements:
                yield from _attributes(element)


def modules() -> list[Path]:
    found = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts and path != LIFECYCLE]


def test_only_lifecycle_writes_columns_of_its_transitions() -> None:
    writers = {str(path.relative_to(ROOT)): written(path.read_text()) for path in modules()}
    assert {name: columns for name, columns in writers.items() if columns} == {}


def test_writes_of_lifecycle_are_found() -> None:
    """The search that finds nothing elsewhere finds them here; what it spreads from a dict is not read."""
    expected = COLUMNS - {"owner", "lease_until", "error_code", "error_detail"}
    assert written(LIFECYCLE.read_text()) >= {"?", "owner", "lease_until", "error_code", *expected}


@pytest.mark.parametrize(
    ("code", "columns"),
    [
        ("Separation.objects.filter(pk=1).update(status='failed')", {"status"}),
        ("rows.update(owner='', lease_until=None)", {"owner", "lease_until"}),
        ("rows.update(**{'attempts': 0})", {"attempts"}),
        ("rows.update(**changes)", {"?"}),
        ("Separation.objects.get_or_create(model='m', defaults={'crashes': 1})", {"crashes"}),
        ("row.status = 'failed'\nrow.save()", {"status"}),
        ("row.attempts += 1\nrow.save()", {"attempts"}),
        ("setattr(row, 'progress', 1.0)", {"progress"}),
        ("Separation.objects.bulk_update(rows, ['status'])", {"?"}),
        ("cursor.execute('UPDATE separation_separation SET status = 1')", {"?"}),
        ("track.audio.separations.update(finished_at=None)", {"finished_at"}),
        ("Track.objects.update(owner=None)", set()),
        ("shown = copy(row)\nshown.progress = 0.0", set()),
        ("Separation.objects.filter(status='failed').values('owner')", set()),
    ],
)
def test_write_in_another_module_is_found(code: str, columns: set[str]) -> None:
    assert written(f"from separation.models import Separation\n{code}") == columns


def test_write_through_related_name_needs_no_import() -> None:
    assert written("def end(track):\n    track.audio.separations.update(status='failed')") == {"status"}
