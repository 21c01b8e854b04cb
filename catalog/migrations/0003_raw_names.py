"""Names in old encodings keep their bytes; files that were refused may be of a kind that is taken by now."""

from typing import Any

from django.db import migrations, models


def try_again(apps: Any, _editor: Any) -> None:
    """The next import of a folder looks at them once more."""
    apps.get_model("catalog", "ImportedFile").objects.filter(
        outcome__in=["unsupported", "damaged", "no_audio"]
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_search")]

    operations = [
        migrations.AddField("upload", "raw_names", models.JSONField(default=dict, editable=False)),
        migrations.AddField(
            "upload",
            "names_encoding",
            models.CharField(
                blank=True, default="", editable=False, max_length=16, verbose_name="encoding of the names"
            ),
            preserve_default=False,
        ),
        migrations.RunPython(try_again, migrations.RunPython.noop),
    ]
