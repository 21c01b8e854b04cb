"""The keys of names anew: vowel signs of Devanagari, Thai and others, the dots of kana, and letters like ø count."""

from typing import Any

from django.db import migrations

from catalog.normalization import fold
from catalog.search.reindex import fold_names


def rewrite(apps: Any, editor: Any) -> None:
    """What was one artist stays one, also by the name of one that was merged into it."""
    using = editor.connection.alias
    fold_names(using, apps)
    addresses = apps.get_model("catalog", "FormerAddress").objects.using(using).filter(kind="artist")
    merges = apps.get_model("catalog", "Change").objects.using(using).filter(kind="merge", target="artist")
    for change in merges.filter(undone_by=None):
        merged_into = addresses.filter(old=str(change.before["row"]["pk"])).first()
        key = fold(change.before["row"]["fields"]["name"])
        if merged_into is not None and len(key) < 80:
            addresses.get_or_create(kind="artist", old=f"={key}", defaults={"target": merged_into.target})


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_search_words")]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop)]
