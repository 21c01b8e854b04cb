"""References from the catalogue to the apps above it: there are none, not even as strings in queries."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

FOLDER = Path(__file__).parents[2] / "catalog"
ABOVE = ("separation", "operations")
TAKES_NAMES = {
    "defer",
    "only",
    "order_by",
    "prefetch_related",
    "select_related",
    "values",
    "values_list",
    "F",
    "Q",
}


def names_above() -> set[str]:
    """What queries would call relations from the catalogue's models to models of apps above."""
    found = set()
    for model in apps.get_app_config("catalog").get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignObjectRel) and field.related_model._meta.app_label in ABOVE:
                found |= {field.name, field.get_accessor_name() or field.name}
    return found


def words(tree: ast.AST) -> Iterator[str]:
    """Every name by which the code may follow a relation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield from node.arg.split("__")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "__" in node.value:
            yield from node.value.split("__")
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in TAKES_NAMES:
                yield from (str(one.value) for one in node.args if isinstance(one, ast.Constant))


def models_above(tree: ast.AST) -> list[str]:
    """Strings such as ``"separation.Separation"``."""
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    known = {model._meta.label for app in ABOVE for model in apps.get_app_config(app).get_models()}
    return [text for text in texts if text in known]


def test_the_names_are_found() -> None:
    assert names_above() >= {"separations", "track_separations", "separation_requests", "stems"}
    asked = "rows.filter(audio__separations__model=1).prefetch_related('stems').exclude(a='x__ratings')"
    assert {"separations", "stems", "ratings"} <= set(words(ast.parse(asked)))
    assert models_above(ast.parse("models.ForeignKey('separation.Separation')")) == ["separation.Separation"]


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(FOLDER.rglob("*.py")) if "migrations" not in path.parts],
    ids=lambda path: str(path.relative_to(FOLDER)),
)
def test_catalog_follows_no_relation_to_apps_above(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not names_above() & set(words(tree))
    assert not models_above(tree)
