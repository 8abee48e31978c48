"""Bulk operations as the system workflow runs them: a real worker process, a real server."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from console.audit.models import AuditEntry
from console.audit.record import called, identity
from console.bulk import outcomes
from console.bulk.models import BulkOperation, BulkTarget, State
from console.gateway import histories, standalone, standalone_details, workflows
from console.gateway.runs import RunKey
from console.gateway.standalone import ACTIVITIES
from tests.console.conftest import NAMESPACE
from tests.support import alone, bulk
from tests.support.bulk import URL
from tests.support.bulk_workers import bulk_worker
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, version_in, words_in
from tests.support.programs import Program, running

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Browser = Callable[..., Client]


@pytest.fixture(scope="module")
def worker_queue(django_db_setup: None, server_address: str) -> Iterator[str]:
    """Of a worker that all of these tests share: it is a process, and slow to start."""
    queue = f"bulk/{server_address}"
    with override_settings(ENGINE_ADDRESS=server_address, BULK_TASK_QUEUE=queue), bulk_worker():
        yield queue


@pytest.fixture
def worker(settings: Any, bob: User, worker_queue: str) -> None:
    settings.BULK_TASK_QUEUE = worker_queue


def counts(operation: BulkOperation) -> Counter[str]:
    return +outcomes.by_state(operation)


def signals_of(key: RunKey) -> int:
    return sum(event.kind == "WorkflowExecutionSignaled" for event in histories.forward(key).events)


def test_the_canary_goes_first_then_it_asks_then_the_rest(
    bob: User, browser_of: Browser, program: Program, names: Names, worker: None
) -> None:
    queue = names.queue()
    keys = bulk.start_many(program, names, 12, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "terminate", f"TaskQueue = '{queue}'")

    assert bulk.launch(browser, operation, canary="4").status_code == 303
    bulk.await_stage(operation, "asking")
    after_canary = counts(operation)
    page = browser.get(f"{URL}{operation.pk}/")
    browser.post(f"{URL}{operation.pk}/resume/")
    bulk.await_stage(operation, "finished")

    assert after_canary == {State.DONE: 4, State.WAITING: 8}
    assert "The canary is through: 4 of 4 terminated" in words_in(page)
    assert counts(operation) == {State.DONE: 12}
    assert {workflows.describe(key).summary.status for key in keys} == {"Terminated"}
    closed = histories.close_event(keys[0])
    assert closed is not None
    assert closed.attributes.identity == "bob@example.com"
    assert closed.attributes.reason == f"the gateway is gone ({operation})"
    entry = AuditEntry.objects.filter(verb="bulk.run").earliest("at")
    assert (entry.target, entry.reason) == (str(operation), "the gateway is gone")


def test_a_signal_carries_its_argument_and_a_run_that_closed_is_no_success(
    bob: User, browser_of: Browser, program: Program, names: Names, worker: None
) -> None:
    queue = names.queue()
    keys = bulk.start_many(program, names, 3, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "signal", f"TaskQueue = '{queue}'")
    program.wait(program.client.get_workflow_handle(keys[0].workflow_id).terminate())

    bulk.launch(browser, operation, name="use_gateway", argument='{"gateway": "eu-1"}')
    bulk.await_stage(operation, "finished")
    page = browser.get(f"{URL}{operation.pk}/?state=closed")

    assert counts(operation) == {State.DONE: 2, State.CLOSED: 1}
    assert [signals_of(key) for key in keys] == [0, 1, 1]
    assert keys[0].workflow_id in page.text
    assert keys[1].workflow_id not in page.text
    assert "closed since the list was frozen" in words_in(page)


def test_it_pauses_and_aborts_and_what_waited_is_left_out(
    bob: User, browser_of: Browser, program: Program, names: Names, worker: None
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 30, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "cancel", f"TaskQueue = '{queue}'")

    bulk.launch(browser, operation, rate="3")
    eventually(lambda: counts(operation)[State.DONE], lambda done: done >= 3, within=60)
    browser.post(f"{URL}{operation.pk}/pause/")
    bulk.await_stage(operation, "paused")
    done = counts(operation)[State.DONE]
    again = browser.post(f"{URL}{operation.pk}/pause/")
    browser.post(f"{URL}{operation.pk}/abort/", {"reason": "the provider is back"})
    seen = bulk.await_stage(operation, "aborted")

    assert 3 <= done < 30
    assert again.status_code == 409
    assert counts(operation) == {State.DONE: done, State.LEFT: 30 - done}
    assert seen.says == "Aborted by Bob."
    asked = [entry.asked.get("what") for entry in AuditEntry.objects.order_by("at")]
    assert asked[1:] == ["pause", "abort"]


@pytest.mark.one_server
def test_it_stops_by_itself_when_too_many_fail_and_the_failed_are_tried_again(
    bob: User, browser_of: Browser, program: Program, names: Names, worker: None
) -> None:
    """A run without a completed workflow task cannot be reset: that is the failure here."""
    queue = names.queue()
    keys = bulk.start_many(program, names, 5, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "reset", f"TaskQueue = '{queue}'")

    bulk.launch(browser, operation, rate="1", to="last")
    paused = bulk.await_stage(operation, "paused")
    finished = resume_until_it_ends(browser, operation)
    failed = counts(operation)[State.FAILED]
    with running(program, queue):
        for key in keys:
            program.await_status(key, "Running", events_min=4)
        browser.post(f"{URL}{operation.pk}/retry/")
        bulk.await_stage(operation, "finished")

    assert paused.says.startswith("It stopped by itself: 2 of the last 2 failed")
    assert (finished.stage, failed) == ("finished", 5)
    assert counts(operation) == {State.DONE: 5}
    assert {target.tries for target in operation.targets.all()} == {2}
    assert all(target.new_run_id for target in operation.targets.all())


def resume_until_it_ends(browser: Client, operation: BulkOperation) -> BulkOperation:
    def look() -> BulkOperation:
        seen = BulkOperation.objects.get(pk=operation.pk)
        if seen.stage == "paused" and not seen.asked:
            browser.post(f"{URL}{operation.pk}/resume/")
        return seen

    return eventually(look, lambda seen: seen.has_ended, within=60, every=0.2)


def test_the_page_polls_and_hears_nothing_when_nothing_changed(
    bob: User, browser_of: Browser, program: Program, names: Names, worker: None
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 2, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "cancel", f"TaskQueue = '{queue}'")
    bulk.launch(browser, operation, canary="1")
    bulk.await_stage(operation, "asking")

    part = browser.get(f"{URL}{operation.pk}/progress/", headers=htmx("progress"))
    again = browser.get(
        f"{URL}{operation.pk}/progress/", {"version": version_in(part)}, headers=htmx("progress")
    )
    targets = browser.get(f"{URL}{operation.pk}/targets/", headers=htmx("targets"))
    still = browser.get(
        f"{URL}{operation.pk}/targets/", {"version": version_in(targets)}, headers=htmx("targets")
    )
    file = b"".join(browser.get(f"{URL}{operation.pk}/outcomes.csv"))  # type: ignore[call-overload]

    assert "<html" not in part.text
    assert (again.status_code, still.status_code) == (204, 204)
    assert file.decode().count("\r\n") == 3
    assert "asked to cancel" in words_in(part)


def test_two_people_who_launch_the_same_draft_launch_it_once(
    alice: User, bob: User, browser_of: Browser, program: Program, names: Names, worker: None
) -> None:
    queue = names.queue()
    keys = bulk.start_many(program, names, 2, queue)
    operation = bulk.freeze(browser_of(bob), "signal", f"TaskQueue = '{queue}'")

    first = bulk.launch(browser_of(bob), operation, name="go")
    second = bulk.launch(browser_of(alice), operation, name="go")
    bulk.await_stage(operation, "finished")

    assert (first.status_code, second.status_code) == (303, 409)
    assert [signals_of(key) for key in keys] == [1, 1]


def test_who_launches_the_draft_of_another_is_who_acts(
    alice: User, bob: User, browser_of: Browser, program: Program, names: Names, worker: None
) -> None:
    queue = names.queue()
    (key,) = bulk.start_many(program, names, 1, queue)
    operation = bulk.freeze(browser_of(bob), "signal", f"TaskQueue = '{queue}'")

    bulk.launch(browser_of(alice), operation, name="go")
    operation = bulk.await_stage(operation, "finished")

    assert (operation.person, operation.who) == (alice, called(alice))
    page = browser_of(bob).get(f"{URL}{operation.pk}/")
    assert f"launched by {called(alice)}" in words_in(page)  # type: ignore[arg-type]
    assert signaller_of(key) == identity(alice)


def test_who_resumes_the_round_of_another_lets_it_go_on_in_their_name(
    alice: User, bob: User, browser_of: Browser, program: Program, names: Names, worker: None
) -> None:
    queue = names.queue()
    keys = bulk.start_many(program, names, 2, queue)
    operation = bulk.freeze(browser_of(bob), "signal", f"TaskQueue = '{queue}'")
    bulk.launch(browser_of(bob), operation, name="go", canary="1")
    bulk.await_stage(operation, "asking")

    browser_of(alice).post(f"{URL}{operation.pk}/resume/")
    bulk.await_stage(operation, "finished")

    assert {signaller_of(key) for key in keys} == {identity(bob)}
    page = words_in(browser_of(bob).get(f"{URL}{operation.pk}/"))  # type: ignore[arg-type]
    assert re.search(f"launched by {called(bob)} at .*, resumed by {called(alice)} at ", page)


@pytest.mark.one_server
def test_who_tries_the_failed_again_is_who_acts_then_and_all_are_named(
    alice: User, bob: User, browser_of: Browser, program: Program, names: Names, worker: None
) -> None:
    """A run without a completed workflow task cannot be reset: that is the failure here."""
    queue = names.queue()
    keys = bulk.start_many(program, names, 2, queue)
    operation = bulk.freeze(browser_of(bob), "reset", f"TaskQueue = '{queue}'")
    bulk.launch(browser_of(bob), operation, to="last", errors_percent_max="100")
    bulk.await_stage(operation, "finished")

    with running(program, queue):
        for key in keys:
            program.await_status(key, "Running", events_min=4)
        answer = browser_of(alice).post(f"{URL}{operation.pk}/retry/")
        operation = bulk.await_stage(operation, "finished")

    assert (answer.status_code, operation.person) == (303, bob)
    assert {resetter_of(target) for target in operation.targets.all()} == {identity(alice)}
    page = words_in(browser_of(bob).get(f"{URL}{operation.pk}/"))  # type: ignore[arg-type]
    assert re.search(f"launched by {called(bob)} at .*, tried again by {called(alice)} at ", page)
    assert {target.round for target in operation.targets.all()} == {2}
    assert {past.round for past in operation.past_outcomes.all()} == {1}
    file = b"".join(browser_of(bob).get(f"{URL}{operation.pk}/outcomes.csv"))  # type: ignore[call-overload]
    head, *lines = csv.reader(file.decode().splitlines())
    said = {line[head.index("in the round")] for line in lines}
    (again,) = operation.continuations.all()
    assert said == {f"tried again by {called(alice)} at {again.at.isoformat()}"}


def signaller_of(key: RunKey) -> str:
    events = histories.forward(key).events
    signal = next(event for event in events if event.kind == "WorkflowExecutionSignaled")
    return str(signal.attributes.identity)


def resetter_of(target: BulkTarget) -> str:
    events = histories.forward(RunKey(NAMESPACE, target.workflow_id, target.new_run_id)).events
    reset = next(event for event in events if event.kind == "WorkflowTaskFailed")
    return str(reset.attributes.identity)


def test_an_operation_whose_system_workflow_was_terminated_can_carry_on(
    bob: User, browser_of: Browser, program: Program, names: Names, worker: None
) -> None:
    queue = names.queue()
    keys = bulk.start_many(program, names, 8, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "signal", f"TaskQueue = '{queue}'")
    bulk.launch(browser, operation, name="go", rate="1")
    eventually(lambda: counts(operation)[State.DONE], lambda done: done >= 2, within=60)

    system = Program(program.client.service_client.config.target_host, "perdure-system")
    workflow_id = BulkOperation.objects.get(pk=operation.pk).workflow_id
    system.wait(system.client.get_workflow_handle(workflow_id).terminate())
    system.close()
    page = eventually(
        lambda: browser.get(f"{URL}{operation.pk}/"), lambda page: "Carry on" in page.text
    )
    browser.post(f"{URL}{operation.pk}/resume/")
    bulk.await_stage(operation, "finished")

    assert "has ended before the list did" in words_in(page)
    assert counts(operation) == {State.DONE: 8}
    assert [signals_of(key) for key in keys] == [1] * 8


def test_activities_that_stand_alone_are_terminated_by_a_query_and_each_has_one_outcome(
    bob: User, browser_of: Browser, names: Names, worker: None, engine: str
) -> None:
    queue, browser = names.queue(), browser_of(bob)
    keys = [alone.start(names, "9.99", queue=queue) for _ in range(5)]
    standalone.terminate(keys[0], "by somebody else", "carol", "another request")
    query = f"TaskQueue = '{queue}'"
    eventually(
        lambda: standalone.find(NAMESPACE, ACTIVITIES, query, 10).executions,
        lambda rows: sorted(row.status for row in rows) == ["Running"] * 4 + ["Terminated"],
        within=30,
    )

    operation = bulk.freeze(browser, "activities-terminate", query)
    draft = browser.get(f"{URL}{operation.pk}/")
    standalone.terminate(keys[1], "by somebody else", "carol", "another request")
    bulk.launch(browser, operation, errors_percent_max="100")
    bulk.await_stage(operation, "finished")
    page = browser.get(f"{URL}{operation.pk}/")

    assert "Terminate 4 standalone activities" in words_in(draft)
    assert (operation.eligible, operation.not_eligible) == (4, 1)
    assert counts(operation) == {State.INELIGIBLE: 1, State.DONE: 3, State.CLOSED: 1}
    assert alone.address(keys[2]) in page.text
    ends = [standalone_details.describe(key) for key in keys]
    assert {one.summary.status for one in ends} == {"Terminated"}
    assert [(one.ended.message if one.ended else "").startswith("the gateway") for one in ends] == [
        False, False, True, True, True,
    ]  # fmt: skip
