"""The record stays: nobody changes what came of a member, or takes one away that was weighed.

Only one that never answered may be asked again, under the id that it was asked with.
"""

from django.db import migrations

REFUSE = """
create function billing_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the record of billing cohorts is append-only';
end $$;

create trigger billing_member_outcome_stays before update on billing_member
    for each row when (
        old.state in ('done', 'refused', 'left')
        or (old.state = 'unknown' and new.state <> 'claimed')
    ) execute function billing_refuse();
create trigger billing_member_is_frozen
    before update on billing_member for each row when (
        (old.cohort_id, old.workflow_id, old.run_id, old.act)
        is distinct from (new.cohort_id, new.workflow_id, new.run_id, new.act)
    ) execute function billing_refuse();
create trigger billing_member_stays before delete on billing_member
    for each row when (old.state not in ('waiting', 'ineligible'))
    execute function billing_refuse();
create trigger billing_member_no_truncate before truncate on billing_member
    for each statement execute function billing_refuse();

create trigger billing_cohort_is_frozen before update on billing_cohort
    for each row when (
        (old.token, old.namespace, old.query, old.wish, old.reason, old.person_id, old.who,
         old.frozen_at, old.of_id)
        is distinct from
        (new.token, new.namespace, new.query, new.wish, new.reason, new.person_id, new.who,
         new.frozen_at, new.of_id)
        or (old.stage not in ('weighing', 'weighed', 'proposed') and
            (old.actor, old.identity, old.canary, old.rate, old.errors_percent_max)
            is distinct from
            (new.actor, new.identity, new.canary, new.rate, new.errors_percent_max))
    ) execute function billing_refuse();
create trigger billing_cohort_stays before delete on billing_cohort
    for each row when (old.stage <> 'weighing') execute function billing_refuse();
create trigger billing_cohort_no_truncate before truncate on billing_cohort
    for each statement execute function billing_refuse();
"""
ALLOW = """
drop trigger billing_cohort_no_truncate on billing_cohort;
drop trigger billing_cohort_stays on billing_cohort;
drop trigger billing_cohort_is_frozen on billing_cohort;
drop trigger billing_member_no_truncate on billing_member;
drop trigger billing_member_stays on billing_member;
drop trigger billing_member_is_frozen on billing_member;
drop trigger billing_member_outcome_stays on billing_member;
drop function billing_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_rollout")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
