"""Nor are all rows taken away at once: TRUNCATE asks no row trigger."""

from django.db import migrations

REFUSE = """
create trigger audit_entry_no_truncate before truncate on audit_auditentry
    for each statement execute function audit_refuse();
create trigger audit_outcome_no_truncate before truncate on audit_auditoutcome
    for each statement execute function audit_refuse();
"""
ALLOW = """
drop trigger audit_entry_no_truncate on audit_auditentry;
drop trigger audit_outcome_no_truncate on audit_auditoutcome;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
