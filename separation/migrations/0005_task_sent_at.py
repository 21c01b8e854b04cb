from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("separation", "0004_track_separation_filled")]

    operations = [
        migrations.RenameField("separation", "rung_at", "task_sent_at"),
        migrations.AlterField(
            model_name="separation",
            name="task_sent_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="task sent"),
        ),
        migrations.AddIndex(
            model_name="separation",
            index=models.Index(fields=["started_at"], name="separations_by_start"),
        ),
        migrations.AddIndex(
            model_name="separation",
            index=models.Index(
                condition=models.Q(("status", "succeeded")),
                fields=["model", "-finished_at"],
                name="separations_done_by_model",
            ),
        ),
    ]
