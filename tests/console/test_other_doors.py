"""Acts by other doors, read from histories: told from ours, on both servers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from console.access.models import Role
from console.acts import scanning
from console.acts.models import Scan
from console.audit import others
from console.audit.models import OtherAct
from console.bulk.models import BulkOperation, Stage
from console.gateway import histories, namespaces, once, outside, steering
from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE, indexed
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.people import person
from tests.support.programs import Program, running

pytestmark = pytest.mark.slow

Browser = Callable[..., Client]


def run_of(key: RunKey, view: str) -> str:
    at = [key.namespace, key.workflow_id, key.run_id]
    return reverse(f"workflows:{view}", args=at)


def by_others(browser: Client, key: RunKey) -> str:
    page = words_in(browser.get(run_of(key, "activity")))  # type: ignore[arg-type]
    return page[page.index("By other doors") :]


def test_signals_updates_cancels_and_terminations_by_other_doors_are_told_from_ours(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue, browser = names.queue(), browser_of(bob)
    key = program.start("Waiting", names.workflow(), queue)
    handle = program.client.get_workflow_handle(key.workflow_id)
    with running(program, queue):
        program.wait(handle.execute_update("adjust", "1.00"))
        at = reverse("actions:update", args=[NAMESPACE, key.workflow_id, key.run_id, "adjust"])
        ours = browser.post(at, {"argument": '"2.00"', "reason": "x"})
        assert ours.status_code == 200
    program.signal(key, "nudge")
    browser.post(run_of(key, "signal"), {"name": "nudge-of-ours", "argument": "", "reason": "x"})
    program.wait(handle.cancel())
    browser.post(run_of(key, "cancel"), {"reason": "we too"})
    if pauses := namespaces.pauses(NAMESPACE):
        steering.pause(key, "a bad deploy", "ops@example.com", "by the command line")
        browser.post(run_of(key, "resume"), {"reason": "ours as well"})
    program.wait(handle.terminate(reason="from the command line"))

    said = by_others(browser, key)

    assert "updated it ( adjust )" in said
    assert "sent a signal to it ( nudge )" in said
    assert "asked to cancel it" in said
    assert "terminated it “from the command line”" in said
    assert "nudge-of-ours" not in said
    assert "we too" not in said
    assert ("paused it “a bad deploy”" in said) == pauses
    assert "ours as well" not in said
    asked = outside.asked(histories.forward(key).events)
    assert [one.verb for one in asked].count("run.signal") == 2


def test_a_reset_and_an_activity_completed_from_elsewhere(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    key = program.start("Charging", names.workflow(), queue, "never")
    with running(program, queue):
        program.await_status(key, "Running", 5)
    eventually(lambda: histories.forward(key).events, lambda found: len(found) >= 5, within=20)
    activity = program.client.get_async_activity_handle(
        workflow_id=key.workflow_id, run_id=key.run_id, activity_id="1"
    )
    program.wait(activity.complete("paid by hand"))
    program.signal(key, "before the reset")
    browser = browser_of(bob)
    browser.post(run_of(key, "signal"), {"name": "of ours", "argument": "", "reason": "x"})
    again = program.wait(
        program.client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=NAMESPACE,
                workflow_execution=WorkflowExecution(
                    workflow_id=key.workflow_id, run_id=key.run_id
                ),
                workflow_task_finish_event_id=4,
                reason="a bad deploy",
                request_id="from the command line",
            )
        )
    )

    of_old = by_others(browser, key)
    of_new = by_others(browser, RunKey(NAMESPACE, key.workflow_id, again.run_id))

    assert "completed an activity by hand of it ( charge_card )" in of_old
    assert "reset it" in of_new
    assert "completed an activity" not in of_new
    assert "of ours" not in of_old
    assert "of ours" not in of_new, "the reset sent our signal again"


def test_our_resets_and_bulk_operations_are_ours(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:

    queue = names.queue()
    key = program.start("Waiting", names.workflow(), queue)
    operation = BulkOperation.objects.create(
        person=bob, who="Bob", namespace=NAMESPACE, verb="terminate", stage=Stage.RUNNING,
        started_at=timezone.now(),
    )  # fmt: skip
    operation.refresh_from_db()
    once.signal(key, "many", [], "somebody", f"{operation.token}:1")
    once.cancel(key, "many", "somebody", f"{operation.token}:2")
    if namespaces.pauses(NAMESPACE):
        steering.pause(key, "many", "somebody", f"{operation.token}:4")
    once.terminate(key, "many", "somebody", f"{operation.token}:3")

    assert "None." in by_others(browser_of(bob), key)


@pytest.fixture
def scanned(db: None, program: Program, names: Names) -> RunKey:
    """A run that the command line terminated, and whose close the index knows."""
    key = program.start("Waiting", names.workflow(), names.queue())
    handle = program.client.get_workflow_handle(key.workflow_id)
    program.wait(handle.terminate(reason="from the command line"))
    indexed(f"WorkflowId = '{key.workflow_id}' AND ExecutionStatus = 'Terminated'", 1)
    return key


def scan_until(key: RunKey) -> list[OtherAct]:
    """Look after look: each takes one span."""

    def looked() -> list[OtherAct]:
        Scan.objects.update(begun_at=timezone.now() - timedelta(hours=1))
        scanning.scan(NAMESPACE, timezone.now() + scanning.INDEX_LAG)
        return list(OtherAct.objects.filter(run_id=key.run_id))

    return eventually(looked, bool, within=60)


def test_what_closed_is_found_once_and_shown_to_those_who_may_see_it(
    scanned: RunKey, carol: User, browser_of: Browser
) -> None:
    scanning.scan(NAMESPACE, timezone.now())
    # what ran before in this server is not what this test is about
    Scan.objects.update(closed_to=timezone.now() - timedelta(minutes=2))

    found = scan_until(scanned)
    Scan.objects.update(closed_to=timezone.now() - timedelta(minutes=2))
    again = scan_until(scanned)

    assert [(one.verb, one.reason) for one in found] == [("run.terminate", "from the command line")]
    assert again == found
    where = {"door": "others", "workflow": scanned.workflow_id}
    page = words_in(browser_of(carol).get("/activity/", where))  # type: ignore[arg-type]
    assert f"terminated {scanned.workflow_id} “from the command line”" in page
    assert "Unattested" in page
    assert "default runs that closed before" in page
    export = b"".join(browser_of(carol).get("/activity/acts.csv", where)).decode()
    assert "unattested" in export
    assert scanned.workflow_id in export
    nothing = browser_of(carol).get("/activity/", where | {"verb": "run.signal"})
    assert "None was found that matches." in words_in(nothing)  # type: ignore[arg-type]
    dora = person("Dora", Role.VIEWER, "perdure-system")
    hidden = browser_of(dora).get("/activity/", where)
    assert scanned.workflow_id not in words_in(hidden)  # type: ignore[arg-type]
    assert scanned.workflow_id not in words_in(browser_of(carol).get("/activity/"))  # type: ignore[arg-type]


def test_an_open_run_has_its_turn(program: Program, names: Names, db: None) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())
    program.signal(key, "nudge")
    indexed(f"WorkflowId = '{key.workflow_id}'", 1)

    found = scan_until(key)

    assert [(one.verb, one.name) for one in found] == [("run.signal", "nudge")]


def test_a_look_is_bounded_and_goes_on_where_it_was(
    program: Program, names: Names, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "CLOSED_MAX", 2)
    monkeypatch.setattr(scanning, "OPEN_MAX", 2)
    read: list[Any] = []
    monkeypatch.setattr(scanning, "_read", lambda runs, _: read.extend(runs))
    keys = [program.start("Waiting", names.workflow(), names.queue()) for _ in range(3)]
    began = timezone.now() - timedelta(minutes=1)
    for key in keys:
        program.wait(program.client.get_workflow_handle(key.workflow_id).terminate())
    indexed(" OR ".join(f"WorkflowId = '{key.workflow_id}'" for key in keys), 3)
    scanning.scan(NAMESPACE, began)
    Scan.objects.update(closed_to=began, begun_at=began, span=timedelta(hours=1))
    read.clear()

    assert scanning.scan(NAMESPACE, timezone.now() + scanning.INDEX_LAG)

    it = Scan.objects.get(namespace=NAMESPACE)
    assert it.span < timedelta(hours=1), "more ran than one look takes: the span is halved"
    assert len(read) <= 4
    assert not scanning.scan(NAMESPACE, timezone.now()), "it is not its turn yet"


def test_what_is_old_or_too_much_is_forgotten(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "ROWS_MAX", 3)
    now = timezone.now()
    for number in range(5):
        OtherAct.objects.create(
            namespace="x", workflow_id="w", run_id="r", event_id=number, verb="run.signal",
            at=now - timedelta(days=100 if number == 4 else 1), found_at=now,
        )  # fmt: skip

    scanning.forget("x", now)

    assert [one.event_id for one in OtherAct.objects.order_by("pk")] == [1, 2, 3]


def test_what_the_database_cannot_keep_of_an_act_is_left_out(db: None, names: Names) -> None:
    key = RunKey(NAMESPACE, names.workflow(), "c41d7a06-3b58-4f0e-9a47-61d5b2e80f93")
    said = outside.Asked(7, timezone.now(), "run.terminate", "", "ops\0", "a\0b", frozenset[str]())

    others.keep(key, [said], timezone.now())

    kept = OtherAct.objects.get(workflow_id=key.workflow_id)
    assert (kept.who, kept.reason) == (
        "ops\N{REPLACEMENT CHARACTER}",
        "a\N{REPLACEMENT CHARACTER}b",
    )
