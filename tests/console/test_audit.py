"""The audit: written before the act, closed after it, changed never."""

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from console.audit.models import AuditEntry
from console.audit.record import of_run, record
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.ui.refusals import Refusal

KEY = RunKey("default", "subscription/sub_1", "c41d7a06-3b58-4f0e-9a47-61d5b2e80f93")


def test_an_act_is_written_with_its_outcome_and_its_id_goes_to_the_engine(bob: User) -> None:
    with record(
        bob, "run.terminate", KEY, reason="card is dead", before={"status": "Running"}
    ) as act:
        sent = (act.id, act.identity)
        act.after = {"status": "Terminated"}
        act.event_id = 37

    entry = AuditEntry.objects.get()
    assert sent == (str(entry.id), "bob@example.com")
    assert (entry.who, entry.reason, entry.before) == ("Bob", "card is dead", {"status": "Running"})
    assert (entry.outcome.result, entry.outcome.event_id) == ("done", 37)
    assert entry.outcome.after == {"status": "Terminated"}


def test_what_the_engine_refuses_is_written_as_refused(bob: User) -> None:
    with (
        pytest.raises(GatewayError),
        record(bob, "run.terminate", KEY, reason="again"),
    ):
        raise GatewayError(Trouble.NOT_FOUND, "The run has ended.")

    outcome = AuditEntry.objects.get().outcome
    assert (outcome.result, outcome.says) == ("refused", "The run has ended.")


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (GatewayError(Trouble.SLOW, "It did not answer."), "unknown"),
        (GatewayError(Trouble.AWAY, "It is away.", "Socket closed"), "unknown"),
        (GatewayError(Trouble.BROKEN, "A fault.", "stream removed"), "unknown"),
        (
            GatewayError(Trouble.AWAY, "It is away.", "failed to connect to all addresses"),
            "refused",
        ),
        (GatewayError(Trouble.AWAY, "The codec is away."), "refused"),
        (GatewayError(Trouble.BUSY, "It is at a limit.", "too many"), "refused"),
    ],
)
def test_of_what_nobody_answered_nobody_says_that_nothing_was_done(
    error: GatewayError, result: str, bob: User
) -> None:
    with pytest.raises(GatewayError) as raised, record(bob, "run.signal", KEY):
        raise error

    outcome = AuditEntry.objects.get().outcome
    assert (outcome.result, outcome.says) == (result, str(error))
    assert raised.value.trouble is error.trouble
    assert ("look before you repeat it" in str(raised.value)) == (result == "unknown")


def test_what_the_console_itself_refuses_amid_an_act_is_written_as_refused(bob: User) -> None:
    with pytest.raises(Refusal), record(bob, "account.own", target="bob"):
        raise Refusal(409, "You have 20 tokens.")

    outcome = AuditEntry.objects.get().outcome
    assert (outcome.result, outcome.says) == ("refused", "You have 20 tokens.")


def test_a_fault_of_the_console_leaves_the_entry_without_outcome(bob: User) -> None:
    with pytest.raises(ZeroDivisionError), record(bob, "run.signal", KEY):
        raise ZeroDivisionError

    assert not hasattr(AuditEntry.objects.get(), "outcome")


def test_the_database_refuses_to_change_or_delete(bob: User) -> None:
    with record(bob, "run.cancel", KEY):
        pass

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(reason="another")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.get().outcome.delete()


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_auditentry set reason = 'another'",
        "update audit_auditoutcome set says = 'another'",
        "delete from audit_auditoutcome",
        "delete from audit_auditentry",
        "truncate audit_auditentry cascade",
        "truncate audit_auditoutcome",
    ],
)
def test_not_even_a_role_with_every_right_on_the_tables_changes_them(
    statement: str, bob: User
) -> None:
    with record(bob, "run.cancel", KEY):
        pass

    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table audit_auditentry enable trigger audit_entry_no_truncate")
        cursor.execute("alter table audit_auditoutcome enable trigger audit_outcome_no_truncate")
        cursor.execute("create role an_application nologin nosuperuser")
        cursor.execute("grant all on audit_auditentry, audit_auditoutcome to an_application")
        cursor.execute("set local role an_application")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)


def test_the_role_that_owns_the_tables_is_refused_too(bob: User) -> None:
    with record(bob, "run.cancel", KEY):
        pass

    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("create role an_owner nologin nosuperuser")
        cursor.execute("grant an_owner to current_user")
        cursor.execute("grant create on schema public to an_owner")
        cursor.execute("alter table audit_auditentry owner to an_owner")
        cursor.execute("set local role an_owner")
        for statement in (
            "update audit_auditentry set reason = 'x'",
            "delete from audit_auditentry",
        ):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                cursor.execute(statement)


def test_the_entries_of_a_run_are_found_by_its_workflow_id(bob: User) -> None:
    with record(bob, "run.cancel", KEY):
        pass
    with record(bob, "run.cancel", RunKey("default", "another", "")):
        pass

    assert [entry.workflow_id for entry in of_run(KEY)] == [KEY.workflow_id]
