"""What a role of the database may do that the console's processes connect as.

All that they need, and of the audit only to read it and to add to it. Such a role owns no table, so
it cannot take the triggers away either; who migrates is another one.
"""

from collections.abc import Iterator

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from console.audit.models import AuditEntry, AuditOutcome

APPEND_ONLY: tuple[type[Model], ...] = (AuditEntry, AuditOutcome)
#: kept by `migrate`, and only looked at by others
MIGRATIONS = "django_migrations"

KNOWN = "select count(*) from pg_roles where rolname = %s"
#: superusers are members of every role
OWNS = """
select count(*) from pg_class as held
where held.oid = any (%s::regclass[]) and pg_has_role(%s, held.relowner, 'member')
"""


class NotApart(Exception):
    """No right that such a role is given would bind it; the message says why."""


def make(role: str, password: str) -> None:
    """Where it is missing; with this password from now on."""
    name = connection.ops.quote_name(role)
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [role])
        if not cursor.fetchone()[0]:
            cursor.execute(f"create role {name} login")
        cursor.execute(f"alter role {name} password %s", [password])


def give(role: str) -> None:
    audit = [model._meta.db_table for model in APPEND_ONLY]
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [role])
        if not cursor.fetchone()[0]:
            raise NotApart(f"There is no role {role}. Make it: create role {role} login password …")
        cursor.execute("select current_user")
        (giver,) = cursor.fetchone()
        if not _owns(cursor, giver, audit):
            raise NotApart(
                f"{giver} does not own the tables of the audit: do this as who migrates."
            )
        if _owns(cursor, role, audit):
            raise NotApart(
                f"{role} owns the tables of the audit, or is a member of who does: whatever it is "
                "given, it may take the rest. Let another role migrate."
            )
        for statement in statements(role):
            cursor.execute(statement)


def _owns(cursor: CursorWrapper, role: str, tables: list[str]) -> bool:
    cursor.execute(OWNS, [tables, role])
    return bool(cursor.fetchone()[0])


def statements(role: str) -> Iterator[str]:
    """What it had before it has no more."""
    quote = connection.ops.quote_name
    who, audit = quote(role), {model._meta.db_table for model in APPEND_ONLY}
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    for table in sorted({*tables, MIGRATIONS}):
        rights = "select, insert, update, delete"
        if table in audit:
            rights = "select, insert"
        elif table == MIGRATIONS:
            rights = "select"
        yield f"revoke all on {quote(table)} from {who}"
        yield f"grant {rights} on {quote(table)} to {who}"
