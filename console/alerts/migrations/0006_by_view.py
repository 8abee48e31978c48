import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0005_views_found")]

    operations = [
        migrations.RemoveField(model_name="rule", name="query"),
        migrations.RemoveField(model_name="rule", name="lists"),
        migrations.RemoveConstraint(model_name="rule", name="one_rule_of_a_name"),
        migrations.AddConstraint(
            model_name="rule",
            constraint=models.UniqueConstraint(
                models.F("maker"),
                models.F("namespace"),
                django.db.models.functions.text.Lower("name"),
                name="one_rule_of_a_name_per_maker",
            ),
        ),
        migrations.AddConstraint(
            model_name="rule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "new"),
                    ("view__isnull", False),
                    ("stopped_at__isnull", False),
                    _connector="OR",
                ),
                name="a_view_or_stopped",
            ),
        ),
    ]
