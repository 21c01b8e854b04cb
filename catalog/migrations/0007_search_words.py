"""The index of words anew: words are read in another way, and other spellings stand beside them (see catalog/search).

Whoever changes how names are read adds a migration like this one, so that it is applied when the program starts.
"""

import logging
from typing import Any

from django.db import migrations

from catalog.search import names, schema


def rebuild(apps: Any, editor: Any) -> None:
    connection = editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM catalog_track LIMIT 1")
        if cursor.fetchone():
            logging.getLogger(__name__).info("the search index is being rebuilt: minutes with a million songs")
    schema.drop(connection)
    schema.create(connection)
    names.learn_all(connection)
    if connection.vendor == "postgresql":
        schema.run(connection, schema.dialect(connection).FUNCTIONS)
    schema.run(connection, schema.dialect(connection).FILLED)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_private_names")]

    operations = [migrations.RunPython(rebuild, migrations.RunPython.noop)]
