"""The index of words anew: words are read in another way, and other spellings stand beside them (see catalog/search)."""

from typing import Any

from django.db import migrations

from catalog.search import reindex


def rebuild(_apps: Any, editor: Any) -> None:
    reindex.rebuild(editor.connection)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_private_names")]

    operations = [migrations.RunPython(rebuild, migrations.RunPython.noop)]
