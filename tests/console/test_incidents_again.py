"""Incidents that were called fixed, and happen again."""

from django.contrib.auth.models import User

from console.gateway import steering, workflows
from console.gateway.runs import RunKey
from console.incidents.models import State
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_incidents import (
    REFUSED,
    Browser,
    failing,
    of_type,
    ours,
    place_of,
    surveyed,
    told,
)
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program, running

__all__ = ["failing", "ours"]


def test_a_fixed_incident_comes_back_by_itself_when_it_happens_again(
    failing: RunKey, bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    surveyed()
    incident = of_type(REFUSED)
    browser_of(bob).post(place_of(incident, "change"), told(incident, state="fixed"))

    surveyed()
    incident.refresh_from_db()
    assert incident.state == State.FIXED

    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow("again"), queue, "-2.00")
        program.await_status(key, "Failed")
    indexed(f"FailureFingerprint = '{incident.fingerprint}'", incident.failed + 1)
    surveyed()

    incident.refresh_from_db()
    assert incident.state == State.OPEN
    assert incident.reopened_at is not None
    assert "happened again" in words_in(browser_of(bob).get(place_of(incident)))


def test_a_fixed_incident_comes_back_also_where_no_more_runs_have_it_than_before(
    failing: RunKey, bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    surveyed()
    incident = of_type(REFUSED)
    browser_of(bob).post(place_of(incident, "change"), told(incident, state="fixed"))
    old = RunKey(NAMESPACE, incident.example_workflow_id, incident.example_run_id)
    query = f"FailureFingerprint = '{incident.fingerprint}'"

    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow("again"), queue, "-2.00")
        program.await_status(key, "Failed")
    indexed(query, incident.failed + 1)
    steering.delete(old)
    eventually(
        lambda: workflows.count(NAMESPACE, query).total,
        lambda total: total == incident.failed,
        within=30,
    )
    surveyed()

    incident.refresh_from_db()
    assert incident.state == State.OPEN
