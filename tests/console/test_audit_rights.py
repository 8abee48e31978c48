"""The console's own role of the database: it works as before, and the audit only grows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from console.access.models import Token
from console.audit.models import AuditEntry
from console.audit.record import record
from console.audit.rights import APPEND_ONLY, statements
from console.saved_views.models import SavedView
from tests.support.pages import words_in

pytestmark = [pytest.mark.one_server, pytest.mark.django_db]

Browser = Callable[..., Client]
TABLES = [model._meta.db_table for model in APPEND_ONLY]


@contextmanager
def a_role(options: str = "") -> Iterator[str]:
    """It is gone with the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(f"create role the_console nologin {options}")
    yield "the_console"


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"set local role {role}")
        yield
        cursor.execute("reset role")


def test_the_console_works_as_before(bob: User, browser_of: Browser) -> None:
    view = {"name": "Mine", "query": "WorkflowType = 'Waiting'", "belongs": "person"}
    with a_role() as role:
        call_command("grant_console", role)
        with acting_as(role):
            browser = browser_of(bob)
            page = browser.get("/namespaces/default/runs/")
            saved = browser.post("/namespaces/default/views/new/", view)
            gone = browser.post(f"/namespaces/default/views/{SavedView.objects.get().pk}/delete/")
            token = {"name": "nightly", "namespaces": "*", "days": "7"}
            browser.post("/account/tokens/new/", token)
            log = browser.get("/activity/?namespace=default")
            browser.post("/sign-out/")

    assert (page.status_code, saved.status_code, gone.status_code) == (200, 303, 303)
    assert Token.objects.exists()
    assert "Mine" in words_in(log)  # type: ignore[arg-type]
    entries = AuditEntry.objects.filter(target="Mine")
    assert [one.outcome.result for one in entries] == ["done", "done"]


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update audit_auditentry set reason = 'another'", "permission denied"),
        ("update audit_auditoutcome set says = 'another'", "permission denied"),
        ("delete from audit_auditoutcome", "permission denied"),
        ("delete from audit_auditentry", "permission denied"),
        ("truncate audit_auditentry cascade", "permission denied"),
        ("alter table audit_auditentry disable trigger all", "must be owner"),
        ("drop trigger audit_entry_append_only on audit_auditentry", "must be owner"),
        ("drop table audit_auditoutcome", "must be owner"),
        ("create or replace function audit_refuse() returns trigger language plpgsql as "
         "'begin return new; end'", "denied|must be owner"),
        ("set session_replication_role = 'replica'", "permission denied"),
        ("alter table audit_auditentry owner to the_console", "must be owner"),
        ("delete from django_migrations", "permission denied"),
    ],
)  # fmt: skip
def test_it_takes_nothing_of_the_audit_and_no_trigger_away(
    statement: str, says: str, bob: User
) -> None:
    with record(bob, "run.cancel", namespace="default"):
        pass
    with a_role() as role:
        call_command("grant_console", role)
        with acting_as(role), connection.cursor() as cursor:
            with pytest.raises(DatabaseError, match=says), transaction.atomic():
                cursor.execute(statement)
            assert AuditEntry.objects.get().reason == ""


def test_what_it_had_before_it_has_no_more(bob: User) -> None:
    with a_role() as role, connection.cursor() as cursor:
        cursor.execute(f"grant all on {', '.join(TABLES)} to {role}")
        call_command("grant_console", role)
        cursor.execute(
            "select table_name, privilege_type from information_schema.role_table_grants"
            " where grantee = %s and table_name = any (%s) order by 1, 2",
            [role, TABLES],
        )
        assert cursor.fetchall() == [
            (table, right) for table in sorted(TABLES) for right in ("INSERT", "SELECT")
        ]


def test_every_table_of_the_console_is_given() -> None:
    given = " ".join(statements("the_console"))

    for table in connection.introspection.django_table_names(only_existing=True):
        assert f'on "{table}" to' in given


@pytest.mark.parametrize("options", ["superuser", f"in role {'{owner}'}"])
def test_a_role_that_no_right_binds_is_refused(options: str, bob: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        (owner,) = cursor.fetchone() or ("",)
    with (
        a_role(options.format(owner=owner)) as role,
        pytest.raises(CommandError, match="Let another role migrate"),
    ):
        call_command("grant_console", role)
    with pytest.raises(CommandError, match="There is no role nobody_at_all"):
        call_command("grant_console", "nobody_at_all")


def test_who_does_not_own_the_tables_cannot_give_and_is_told(bob: User) -> None:
    with (
        a_role() as role,
        acting_as(role),
        pytest.raises(CommandError, match="the_console does not own"),
    ):
        call_command("grant_console", role)
