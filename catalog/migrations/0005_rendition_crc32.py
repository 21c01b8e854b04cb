from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_raw_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="rendition",
            name="crc32",
            field=models.PositiveBigIntegerField(editable=False, null=True),
        ),
    ]
