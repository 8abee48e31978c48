"""How many came to what, second by second; those of before are counted once, here."""

import django.db.models.deletion
from django.db import migrations, models

COUNT = """
insert into bulk_tally (operation_id, second, state, count)
select operation_id, date_trunc('second', concluded_at), state, count(*) from bulk_bulktarget
where concluded_at is not null group by 1, 2, 3;
-- The record does not change by this: the column is new.
update bulk_bulkoperation set not_eligible = (
    select count(*) from bulk_bulktarget
    where operation_id = bulk_bulkoperation.id and state = 'ineligible'
);
"""


class Migration(migrations.Migration):
    dependencies = [("bulk", "0003_for_good")]

    operations = [
        migrations.AddField("bulkoperation", "not_eligible", models.PositiveIntegerField(default=0)),
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("second", models.DateTimeField()),
                ("state", models.CharField(choices=[("waiting", "To go"), ("claimed", "Under way"), ("done", "Done"), ("closed", "Skipped"), ("failed", "Failed"), ("left", "Left out"), ("ineligible", "Not eligible")], max_length=16)),
                ("count", models.IntegerField()),
                ("operation", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="tallies", to="bulk.bulkoperation")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("operation", "second", "state"), name="one_tally_per_second")],
            },
        ),
        migrations.AlterField(
            "bulktarget",
            "operation",
            models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="targets", to="bulk.bulkoperation"),
        ),
        migrations.AddIndex("bulktarget", models.Index(fields=["operation", "id"], name="bulk_targets_listed")),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
