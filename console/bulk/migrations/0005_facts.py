"""Outcomes may carry facts, by which a report groups them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bulk", "0004_tallies")]
    operations = [
        migrations.AddField("bulktarget", "facts", models.JSONField(null=True)),
    ]
