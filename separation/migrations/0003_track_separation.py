import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_search"),
        ("separation", "0002_crashes"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrackSeparation",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(auto_now_add=True, db_index=True, verbose_name="added"),
                ),
                ("stopped_at", models.DateTimeField(editable=False, null=True, verbose_name="stopped")),
                (
                    "separation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="track_separations",
                        to="separation.separation",
                        verbose_name="separation",
                    ),
                ),
                (
                    "track",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="track_separations",
                        to="catalog.track",
                        verbose_name="track",
                    ),
                ),
            ],
            options={
                "verbose_name": "separation of a track",
                "verbose_name_plural": "separations of tracks",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("track", "separation"), name="one_row_per_track_and_separation"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="rating",
            name="track",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="ratings",
                to="catalog.track",
                verbose_name="track",
            ),
        ),
    ]
