"""Who launched a cohort is kept beside who gathered it.

Of one that was launched before, its approval says who proposed it, and else the identity in which it
is carried out. Where two people share one, who gathered it comes first.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FIND = """
update billing_cohort cohort set launcher_id = coalesce(
    (select person_id from billing_proposal
     where cohort_id = cohort.id and stage in ('approved', 'done') order by id desc limit 1),
    (select id from auth_user where coalesce(nullif(email, ''), username) = cohort.identity
     order by (id = cohort.person_id) desc, id limit 1))
where identity <> '';
set constraints all immediate;
"""
FROZEN = """
drop trigger billing_cohort_is_frozen on billing_cohort;
create trigger billing_cohort_is_frozen before update on billing_cohort
    for each row when (
        (old.token, old.namespace, old.query, old.wish, old.reason, old.person_id, old.who,
         old.frozen_at, old.of_id)
        is distinct from
        (new.token, new.namespace, new.query, new.wish, new.reason, new.person_id, new.who,
         new.frozen_at, new.of_id)
        or (old.stage not in ('weighing', 'weighed', 'proposed') and
            (old.actor, old.identity,{launcher_old} old.canary, old.rate, old.errors_percent_max)
            is distinct from
            (new.actor, new.identity,{launcher_new} new.canary, new.rate, new.errors_percent_max))
    ) execute function billing_refuse();
"""
FREEZE = FROZEN.format(launcher_old=" old.launcher_id,", launcher_new=" new.launcher_id,")
THAW = FROZEN.format(launcher_old="", launcher_new="")


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0003_for_good"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            "cohort",
            "launcher",
            models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunSQL(FIND, migrations.RunSQL.noop),
        migrations.RunSQL(FREEZE, THAW),
    ]
