from django.db import migrations, models


class Migration(migrations.Migration):
    """Every default was one of runs."""

    dependencies = [("saved_views", "0003_lists")]

    operations = [
        migrations.AddField(
            model_name="defaultview",
            name="lists",
            field=models.CharField(default="runs", max_length=16),
        ),
        migrations.RemoveConstraint(
            model_name="defaultview", name="one_default_view_per_namespace"
        ),
        migrations.AddConstraint(
            model_name="defaultview",
            constraint=models.UniqueConstraint(
                fields=["person", "namespace", "lists"], name="one_default_view_per_list"
            ),
        ),
    ]
