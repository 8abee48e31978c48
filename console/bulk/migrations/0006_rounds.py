"""Each round is somebody's, and says so for good.

Rounds of before have no row here: they were carried out in the launcher's name, and who pressed the
button stands in the activity log.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KEEP = """
create or replace function bulk_keep_past() returns trigger language plpgsql as $$
begin
    if old.state <> 'failed' or new.state <> 'waiting' then
        raise exception 'the record of bulk operations is append-only';
    end if;
    insert into bulk_pastoutcome (operation_id, target_id, tries, says, concluded_at, round)
    values (old.operation_id, old.id, old.tries, old.says, old.concluded_at, old.round);
    return new;
end $$;

create trigger bulk_continuation_append_only before update or delete on bulk_continuation
    for each row execute function bulk_refuse();
create trigger bulk_continuation_no_truncate before truncate on bulk_continuation
    for each statement execute function bulk_refuse();
"""
FORGET = """
drop trigger bulk_continuation_no_truncate on bulk_continuation;
drop trigger bulk_continuation_append_only on bulk_continuation;

create or replace function bulk_keep_past() returns trigger language plpgsql as $$
begin
    if old.state <> 'failed' or new.state <> 'waiting' then
        raise exception 'the record of bulk operations is append-only';
    end if;
    insert into bulk_pastoutcome (operation_id, target_id, tries, says, concluded_at)
    values (old.operation_id, old.id, old.tries, old.says, old.concluded_at);
    return new;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bulk", "0005_facts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("bulktarget", "round", models.PositiveIntegerField(null=True)),
        migrations.AddField("pastoutcome", "round", models.PositiveIntegerField(null=True)),
        migrations.CreateModel(
            name="Continuation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(choices=[("retried", "Tried again"), ("resumed", "Resumed")], max_length=16)),
                ("round", models.PositiveIntegerField()),
                ("who", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                ("operation", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="continuations", to="bulk.bulkoperation")),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ("id",),
                "constraints": [models.UniqueConstraint(condition=models.Q(("what", "retried")), fields=("operation", "round"), name="one_person_begins_a_round")],
            },
        ),
        migrations.RunSQL(KEEP, FORGET),
    ]
