from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="lists",
            field=models.CharField(default="runs", max_length=16),
        ),
        migrations.RemoveConstraint(
            model_name="incident", name="one_incident_of_a_fingerprint"
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                fields=("namespace", "lists", "fingerprint"),
                name="one_incident_of_a_fingerprint",
            ),
        ),
    ]
