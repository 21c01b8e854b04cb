"""Crashes are counted apart from interruptions; what earlier versions gave up as crashed has new attempts.

They counted the death of any process as the song's fault, and could not separate songs that are loud at once.
"""

from typing import Any

from django.db import migrations, models
from django.db.models.functions import Now


def queue_again(apps: Any, _editor: Any) -> None:
    """Make these rows wait; the sweep rings for them."""
    apps.get_model("separation", "Separation").objects.filter(status="failed", error_code="crashed").update(
        status="queued",
        attempts=0,
        progress=0.0,
        segments=0,
        queued_at=Now(),
        rung_at=None,
        started_at=None,
        finished_at=None,
        error_code="",
        error_detail="",
    )


class Migration(migrations.Migration):
    dependencies = [("separation", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="separation",
            name="crashes",
            field=models.PositiveSmallIntegerField(
                default=0,
                editable=False,
                help_text="How many of these attempts failed by themselves.",
                verbose_name="crashes",
            ),
        ),
        migrations.AddField(
            model_name="separation",
            name="retry_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="not again before"),
        ),
        migrations.AlterField(
            model_name="separation",
            name="attempts",
            field=models.PositiveSmallIntegerField(
                default=0,
                editable=False,
                help_text="How often the work was begun.",
                verbose_name="attempts",
            ),
        ),
        migrations.RunPython(queue_again, migrations.RunPython.noop),
    ]
