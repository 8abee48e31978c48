"""Any deed instead of four verbs: what it was told is one field, whatever it is."""

import django.db.models.deletion
from django.db import migrations, models

TELL = """
update bulk_bulkoperation set told = case verb
    when 'signal' then jsonb_build_object('name', signal_name, 'arguments',
        case when signal_input is null then '[]'::jsonb else jsonb_build_array(signal_input) end)
    when 'reset' then jsonb_build_object('to', reset_to)
    else '{}'::jsonb
end
"""


class Migration(migrations.Migration):
    dependencies = [("bulk", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="bulkoperation", name="verb_is_known"),
        migrations.AlterField("bulkoperation", "verb", models.CharField(max_length=32)),
        migrations.AddField("bulkoperation", "told", models.JSONField(default=dict)),
        migrations.RunSQL(TELL, migrations.RunSQL.noop),
        migrations.RemoveField("bulkoperation", "signal_name"),
        migrations.RemoveField("bulkoperation", "signal_input"),
        migrations.RemoveField("bulkoperation", "reset_to"),
        migrations.AlterField(
            "bulktarget",
            "state",
            models.CharField(
                choices=[
                    ("waiting", "To go"),
                    ("claimed", "Under way"),
                    ("done", "Done"),
                    ("closed", "Skipped"),
                    ("failed", "Failed"),
                    ("left", "Left out"),
                    ("ineligible", "Not eligible"),
                ],
                default="waiting",
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="PastOutcome",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("target_id", models.BigIntegerField()),
                ("tries", models.PositiveIntegerField()),
                ("says", models.TextField(blank=True)),
                ("concluded_at", models.DateTimeField(null=True)),
                ("operation", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="past_outcomes", to="bulk.bulkoperation")),
            ],
            options={
                "ordering": ("id",),
                "indexes": [models.Index(fields=["operation", "target_id"], name="bulk_past_by_target")],
            },
        ),
    ]
