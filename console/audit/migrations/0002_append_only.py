"""The database itself refuses to change or delete what was written down."""

from django.db import migrations

REFUSE = """
create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit is append-only';
end $$;

create trigger audit_entry_append_only before update or delete on audit_auditentry
    for each row execute function audit_refuse();
create trigger audit_outcome_append_only before update or delete on audit_auditoutcome
    for each row execute function audit_refuse();
"""
ALLOW = """
drop trigger audit_entry_append_only on audit_auditentry;
drop trigger audit_outcome_append_only on audit_auditoutcome;
drop function audit_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
