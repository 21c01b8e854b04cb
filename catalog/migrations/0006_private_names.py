import django.db.models.deletion
from typing import Any

from django.conf import settings
from django.db import migrations, models

PRIVATE_TO: dict[str, Any] = {
    "blank": True,
    "db_constraint": False,
    "editable": False,
    "null": True,
    "on_delete": django.db.models.deletion.DO_NOTHING,
    "related_name": "+",
    "to": settings.AUTH_USER_MODEL,
    "verbose_name": "private to",
}


class Migration(migrations.Migration):
    """Names of private songs are their owner's own. The collector finds those that were shared rows before."""

    dependencies = [
        ("catalog", "0005_rendition_crc32"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="album", name="one_album_per_artist_and_title"),
        migrations.AddField(
            model_name="album", name="private_to", field=models.ForeignKey(**PRIVATE_TO)
        ),
        migrations.AddField(
            model_name="artist", name="private_to", field=models.ForeignKey(**PRIVATE_TO)
        ),
        migrations.AlterField(
            model_name="artist", name="key", field=models.CharField(editable=False, max_length=255)
        ),
        migrations.AddConstraint(
            model_name="album",
            constraint=models.UniqueConstraint(
                condition=models.Q(("private_to_id", None)),
                fields=("artist", "key"),
                name="one_album_per_artist_and_title",
            ),
        ),
        migrations.AddConstraint(
            model_name="album",
            constraint=models.UniqueConstraint(
                fields=("artist", "key", "private_to"), name="one_album_per_artist_title_and_owner"
            ),
        ),
        migrations.AddConstraint(
            model_name="artist",
            constraint=models.UniqueConstraint(
                condition=models.Q(("private_to_id", None)), fields=("key",), name="one_artist_per_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="artist",
            constraint=models.UniqueConstraint(
                fields=("key", "private_to"), name="one_artist_per_name_and_owner"
            ),
        ),
    ]
