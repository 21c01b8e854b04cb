"""The index of words anew, for keys of all scripts and another tokenizer."""

from typing import Any

from django.db import migrations

from catalog.search import reindex


def rebuild(_apps: Any, editor: Any) -> None:
    reindex.rebuild(editor.connection)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0008_keys_of_all_scripts")]

    operations = [migrations.RunPython(rebuild, migrations.RunPython.noop)]
