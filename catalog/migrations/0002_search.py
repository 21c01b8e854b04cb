"""The index of words: tables that are no models (see catalog/search); triggers follow after all migrations."""

from typing import Any

from django.db import migrations

from catalog.search import schema


def create(_apps: Any, editor: Any) -> None:
    schema.create(editor.connection)
    if editor.connection.vendor == "postgresql":
        schema.run(editor.connection, schema.dialect(editor.connection).FUNCTIONS)
    schema.run(editor.connection, schema.dialect(editor.connection).FILL)


def drop(_apps: Any, editor: Any) -> None:
    schema.drop(editor.connection)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
