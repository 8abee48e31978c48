"""The record stays: nobody, whatever program they use, changes an outcome or takes one away.

What is free of cost while a hundred thousand are concluded: the conditions stand before the
functions are called, and none of them holds for a target that waits or is under way.
"""

from django.db import migrations

REFUSE = """
create function bulk_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the record of bulk operations is append-only';
end $$;

create function bulk_keep_past() returns trigger language plpgsql as $$
begin
    if old.state <> 'failed' or new.state <> 'waiting' then
        raise exception 'the record of bulk operations is append-only';
    end if;
    insert into bulk_pastoutcome (operation_id, target_id, tries, says, concluded_at)
    values (old.operation_id, old.id, old.tries, old.says, old.concluded_at);
    return new;
end $$;

create function bulk_only_drafts() returns trigger language plpgsql as $$
begin
    if exists (select from bulk_bulkoperation
               where id = old.operation_id and stage <> 'draft') then
        raise exception 'the record of bulk operations is append-only';
    end if;
    return old;
end $$;

create trigger bulk_target_outcome_stays before update on bulk_bulktarget
    for each row when (old.state not in ('waiting', 'claimed'))
    execute function bulk_keep_past();
create trigger bulk_target_is_frozen
    before update of operation_id, workflow_id, run_id, workflow_type, status_then, position
    on bulk_bulktarget for each row execute function bulk_refuse();
create trigger bulk_target_stays before delete on bulk_bulktarget
    for each row execute function bulk_only_drafts();
create trigger bulk_target_no_truncate before truncate on bulk_bulktarget
    for each statement execute function bulk_refuse();

create trigger bulk_operation_is_frozen before update on bulk_bulkoperation
    for each row when (old.stage <> 'draft' and (
        old.token, old.namespace, old.verb, old.query, old.person_id, old.who, old.frozen_at,
        old.eligible, old.told, old.reason, old.canary, old.rate, old.errors_percent_max
    ) is distinct from (
        new.token, new.namespace, new.verb, new.query, new.person_id, new.who, new.frozen_at,
        new.eligible, new.told, new.reason, new.canary, new.rate, new.errors_percent_max
    )) execute function bulk_refuse();
create trigger bulk_operation_stays before delete on bulk_bulkoperation
    for each row when (old.stage <> 'draft') execute function bulk_refuse();
create trigger bulk_operation_no_truncate before truncate on bulk_bulkoperation
    for each statement execute function bulk_refuse();

create trigger bulk_past_append_only before update or delete on bulk_pastoutcome
    for each row execute function bulk_refuse();
create trigger bulk_past_no_truncate before truncate on bulk_pastoutcome
    for each statement execute function bulk_refuse();
"""
ALLOW = """
drop trigger bulk_past_no_truncate on bulk_pastoutcome;
drop trigger bulk_past_append_only on bulk_pastoutcome;
drop trigger bulk_operation_no_truncate on bulk_bulkoperation;
drop trigger bulk_operation_stays on bulk_bulkoperation;
drop trigger bulk_operation_is_frozen on bulk_bulkoperation;
drop trigger bulk_target_no_truncate on bulk_bulktarget;
drop trigger bulk_target_stays on bulk_bulktarget;
drop trigger bulk_target_is_frozen on bulk_bulktarget;
drop trigger bulk_target_outcome_stays on bulk_bulktarget;
drop function bulk_only_drafts();
drop function bulk_keep_past();
drop function bulk_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("bulk", "0002_deeds")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
