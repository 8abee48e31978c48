import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A rule is of a view as it is now; it had a copy of the view's words."""

    dependencies = [("alerts", "0003_lists"), ("saved_views", "0004_default_of_each_list")]

    operations = [
        migrations.AddField(
            model_name="rule",
            name="view",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="alert_rules",
                to="saved_views.savedview",
            ),
        ),
        migrations.AddField(
            model_name="rule", name="was_shared", field=models.BooleanField(default=False)
        ),
        migrations.AddField(
            model_name="rule", name="stopped_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="rule", name="stopped_for", field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
    ]
