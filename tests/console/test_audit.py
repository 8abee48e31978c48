"""The audit: written before the act, closed after it, changed never."""

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from console.audit.models import AuditEntry
from console.audit.record import of_run, record
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey

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


def test_the_entries_of_a_run_are_found_by_its_workflow_id(bob: User) -> None:
    with record(bob, "run.cancel", KEY):
        pass
    with record(bob, "run.cancel", RunKey("default", "another", "")):
        pass

    assert [entry.workflow_id for entry in of_run(KEY)] == [KEY.workflow_id]
