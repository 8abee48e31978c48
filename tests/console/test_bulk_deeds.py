"""What can be done to each run of a list, against real servers; and that the record stays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import Error, transaction
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from console.bulk import acting, outcomes, rounds, verbs
from console.bulk.chunks import HANDED_OUT_MAX, Chunk
from console.bulk.looking import Asking
from console.bulk.models import BulkOperation, BulkTarget, Continuation, PastOutcome, State
from console.bulk.orders import ChunkOrder
from console.bulk.outcomes import Outcome
from console.gateway import channel, histories, namespaces, payloads, steering, workflows
from console.gateway.bundles import Bundle
from console.gateway.channel import GatewayError
from console.gateway.deeds import Order, Turn
from console.gateway.runs import PendingActivity, RunKey
from tests.console.conftest import indexed
from tests.console.test_actions import MEMO
from tests.console.test_by_hand import stored
from tests.support import bulk, commands
from tests.support.bulk import URL
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running
from tests.support.scripted import Scripted

Browser = Callable[..., Client]
BOB = "bob@example.com"


def act(name: str, key: RunKey, told: dict[str, Any], *, again: bool = False) -> Outcome:
    order = Order(BOB, "why not", told, timezone.now() - timedelta(minutes=1))
    return acting.act(verbs.named(name), order, Turn(key, f"request of {name}", again))


def events(key: RunKey, kind: str) -> int:
    return sum(event.kind == kind for event in histories.forward(key).events)


def test_an_update_is_done_once_and_a_refusal_is_a_failure_in_the_workflow_s_words(
    bob: User, program: Program, names: Names
) -> None:
    queue = names.queue()
    key = program.start("Waiting", names.workflow(), queue)
    with running(program, queue):
        refused = act("update", key, {"name": "adjust", "arguments": ["-1"]})
        done = [act("update", key, {"name": "book", "arguments": [{"count": 1}, 2]}, again=again)
                for again in (False, True)]  # fmt: skip
    program.wait(program.client.get_workflow_handle(key.workflow_id).terminate())
    after = act("update", key, {"name": "book", "arguments": [{"count": 1}, 2]}, again=True)

    assert (refused.state, refused.says) == (
        State.FAILED,
        "The workflow said no: the amount is below zero",
    )
    assert [one.state for one in (*done, after)] == [State.DONE] * 3
    assert events(key, "WorkflowExecutionUpdateAccepted") == 1


def test_a_deleted_run_is_gone_and_deleting_it_again_says_whose_it_was(
    bob: User, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())

    first = act("delete", key, {})
    eventually(lambda: is_gone(key))
    again, someone_s = act("delete", key, {}, again=True), act("delete", key, {})

    assert [one.state for one in (first, again, someone_s)] == [
        State.DONE,
        State.DONE,
        State.CLOSED,
    ]
    assert someone_s.says == "gone since the list was frozen"


def is_gone(key: RunKey) -> bool:
    try:
        workflows.describe(key)
    except GatewayError:
        return True
    return False


def test_runs_are_paused_and_resumed_once_and_who_stands_so_already_is_no_target(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    browser, queue = browser_of(bob), names.queue()
    key, other = bulk.start_many(program, names, 2, queue)
    query = f"TaskQueue = '{queue}'"
    if not namespaces.pauses("default"):
        planned = bulk.plan(browser, "pause", query)
        assert planned.status_code == 501
        assert namespaces.NO_PAUSE in words_in(planned)
        return
    with channel.carried_by(Bundle()):
        paused = [act("pause", key, {}, again=again) for again in (False, True)]
    steering.pause(other, "by hand", "carol", "hers")
    indexed(f"{query} AND ExecutionStatus = 'Paused'", 2)
    are_open = workflows.count("default", f"{query} AND {namespaces.open_runs('default')}").total
    pauses, resumes = (bulk.freeze(browser, verb, query) for verb in ("pause", "resume"))
    told = words_in(browser.get(f"{URL}{pauses.pk}/"))

    with channel.carried_by(Bundle()):
        resumed = act("resume", key, {})
        again = act("resume", key, {}, again=True)
        passed, paused_again = act("resume", key, {}), act("pause", key, {}, again=True)
        theirs = act("pause", other, {})

    assert [one.state for one in (*paused, resumed, again)] == [State.DONE] * 4
    assert again.says.startswith("done by an earlier try: event ")
    assert paused_again.says.startswith("done by an earlier try: event ")
    assert [(one.state, one.says) for one in (passed, theirs)] == [
        (State.CLOSED, "resumed by somebody since the list was frozen"),
        (State.CLOSED, "paused by somebody since the list was frozen"),
    ]
    assert are_open == 2
    assert (pauses.eligible, resumes.eligible) == (0, 2)
    assert "paused already" in told
    assert events(key, "WorkflowExecutionPaused") == 1


def test_all_pending_activities_of_a_type_are_paused_changed_resumed_and_tried(
    bob: User, program: Program, names: Names
) -> None:
    key = backing_off(program, names)
    of_type = {"type": "charge_card"}

    def one() -> PendingActivity:
        return workflows.describe(key).activities[0]

    paused, was_paused = act("activity-pause", key, of_type), one().paused
    told = {"options": {"heartbeat_timeout": "5s", "maximum_attempts": 7}}
    changed, options = act("activity-options", key, of_type | told), one().options
    resumed = act("activity-resume", key, of_type | {"from_first": True, "forgets_beat": False})
    tried = act("activity-try", key, of_type | {"forgets_beat": True})
    nobody_s = act("activity-pause", key, {"type": "unheard_of"})

    assert [x.state for x in (paused, changed, resumed, tried)] == [State.DONE] * 4
    assert was_paused
    assert not one().paused
    assert options is not None
    assert (options.maximum_attempts, str(options.heartbeat_timeout)) == (7, "0:00:05")
    assert nobody_s.state is State.CLOSED


def test_activities_are_completed_by_hand_and_a_second_try_finds_its_own_event(
    bob: User, program: Program, names: Names
) -> None:
    key = backing_off(program, names)
    told = {"type": "charge_card", "result": ["by hand"]}

    missing = act("activity-complete", key, told | {"type": "unheard_of"})
    first, again = (
        act("activity-complete", key, told),
        act("activity-complete", key, told, again=True),
    )
    idle = act("activity-fail", backing_off(program, names),
               {"type": "charge_card", "message": "no", "kind": "", "final": True})  # fmt: skip

    assert (missing.state, missing.says) == (State.CLOSED, "no pending activity unheard_of")
    assert first.state is State.DONE
    assert (again.state, again.says[:28]) == (State.DONE, "done by an earlier try: even")
    assert (idle.state, idle.says[:20]) == (State.FAILED, "No attempt runs now;")


def backing_off(program: Program, names: Names) -> RunKey:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow(), queue, "never")
        eventually(
            lambda: workflows.describe(key).activities,
            lambda some: bool(some) and some[0].attempt > 2,
        )
    return key


@pytest.mark.one_server
def test_a_chunk_stops_where_too_many_fail_and_gives_back_what_it_has_not_begun(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    """A run without a completed workflow task cannot be reset: that is the failure here."""
    queue = names.queue()
    # More than are handed out at once, and those by which the rate is judged.
    count = HANDED_OUT_MAX + 30
    bulk.start_many(program, names, count, queue)
    operation = bulk.freeze(browser_of(bob), "reset", f"TaskQueue = '{queue}'")
    operation.told, operation.started_at = {"to": "last"}, timezone.now()
    order = ChunkOrder(operation.pk, 1, count, 2_000, errors_percent_max=5)

    done = Chunk(operation, order, "me", lambda: True).carry()

    counts = +outcomes.by_state(operation)
    assert counts == {State.FAILED: done.failed, State.WAITING: count - done.failed}
    assert 20 <= done.failed < count
    assert (done.concluded, done.next_position) == (done.failed, done.failed + 1)
    assert set(operation.targets.filter(state=State.WAITING).values_list("tries", flat=True)) == {0}


def test_what_cannot_be_taken_back_asks_for_the_count(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 3, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "terminate", f"TaskQueue = '{queue}'")

    part = browser.post(
        f"{URL}{operation.pk}/launch/", bulk.HOW | {"count": "2"}, headers=htmx("launch")
    )

    assert part.status_code == 422
    assert "They are 3. Nothing was begun." in words_in(part)
    assert BulkOperation.objects.get(pk=operation.pk).stage == "draft"


def test_another_argument_is_a_field_and_no_launch(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 1, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "signal", f"TaskQueue = '{queue}'")

    part = browser.post(
        f"{URL}{operation.pk}/launch/",
        {"step": "more", "name": "go", "argument": "1"},
        headers=htmx("launch"),
    )

    assert part.status_code == 200
    assert part.text.count('name="argument"') == 2
    assert "required" not in words_in(part).replace("Required.", "")


def test_a_cohort_gets_the_typed_form_that_its_first_run_names(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    key = program.start("Waiting", names.workflow(), queue, memo=MEMO)
    browser = browser_of(bob)
    operation = bulk.choose(browser, "update", [key])
    url, given = f"{URL}{operation.pk}/launch/", bulk.HOW | {"name": "book", "drawn": "book"}
    given |= {"a0.0": "2", "a0.3": "true", "a1": "3"}

    page = browser.get(f"{URL}{operation.pk}/")
    drawn = browser.post(url, {"step": "draw", "name": "book"}, headers=htmx("launch"))
    wrong = browser.post(url, given | {"a0.0": "0"}, headers=htmx("launch"))
    with running(program, queue):
        asking = Asking(operation, QueryDict(urlencode(given)))
        assert asking.is_complete(), asking.own.errors
        done = act("update", key, asking.own.told())

    assert '<option value="book">' in page.text
    assert (drawn.status_code, wrong.status_code) == (200, 422)
    assert "How many" in words_in(drawn)
    assert 'name="a1" value="1"' in drawn.text
    assert done.state is State.DONE, done.says
    (order, times) = accepted(key)
    assert (order["count"], order["gift"], order["who"], times) == (2, True, BOB, 3)
    assert order["log"] == "request of update"


@pytest.mark.one_server
def test_completing_a_cohort_asks_for_the_result_as_the_first_run_s_memo_describes_it(
    bob: User, browser_of: Browser, worker: Scripted, names: Names
) -> None:
    receipt = {"type": "string", "title": "Receipt", "minLength": 3}
    filled = {name: {"type": "string", "x-perdure": name} for name in ("person", "audit")}
    schema = {
        "type": "object",
        "required": ["receipt"],
        "properties": {"receipt": receipt} | filled,
    }
    memo = stored({"perdure.actions": {"activities": {"Charge": {"result": schema}}}})
    key = worker.start(names.workflow(), memo=memo)
    worker.on_task(commands.schedule_activity("c", "nobody", kind="Charge"))
    browser = browser_of(bob)
    operation = bulk.choose(browser, "activity-complete", [key])
    url, other = f"{URL}{operation.pk}/launch/", {"type": "Mail", "result.0": "R-77"}
    given = bulk.HOW | {"count": "1", "type": "Charge", "drawn": "Charge", "result.0": "R-77"}

    page = words_in(browser.get(f"{URL}{operation.pk}/"))
    short = browser.post(url, given | {"result.0": "R"}, headers=htmx("launch"))
    of_another = browser.post(url, given | other, headers=htmx("launch"))
    back = browser.post(url, given | {"drawn": ""}, headers=htmx("launch"))
    still = BulkOperation.objects.get(pk=operation.pk).stage
    asking = Asking(operation, QueryDict(urlencode(given)))
    assert asking.is_complete(), asking.own.errors
    done = act("activity-complete", key, asking.own.told())

    assert "Receipt" in page, "the only type that is pending stands there from the beginning"
    assert "Result, as JSON" not in page
    assert short.status_code == 422
    assert "It must have at least 3 characters." in words_in(short)
    assert "Result, as JSON" in words_in(of_another), "a form of another type is drawn anew"
    assert "Receipt" in words_in(back)
    assert still == "draft"
    assert done.state is State.DONE, done.says
    [ended] = [e for e in histories.forward(key).events if e.kind == "ActivityTaskCompleted"]
    [value] = payloads.values(ended.attributes.result)
    said = {"person": BOB, "audit": "request of activity-complete"}
    assert value.content == {"receipt": "R-77"} | said


def accepted(key: RunKey) -> tuple[dict[str, Any], int]:
    """The arguments of the update, as the history has them."""
    found = [
        e for e in histories.forward(key).events if e.kind == "WorkflowExecutionUpdateAccepted"
    ]
    order, times = payloads.values(found[0].attributes.accepted_request.input.args)
    return order.content, times.content


def test_who_may_not_do_it_to_one_run_may_not_to_many(
    alice: User, bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 1, queue)
    query = {"verb": "", "other": "delete", "query": f"TaskQueue = '{queue}'"}
    operation = bulk.freeze(browser_of(alice), "delete", f"TaskQueue = '{queue}'")
    operator = browser_of(bob)

    planned = operator.post(f"{URL}plan/", query | {"all_matching": "yes"})
    launched = bulk.launch(operator, operation)
    page = operator.get(f"{URL}{operation.pk}/")
    runs = operator.get("/namespaces/default/runs/", {"q": f"TaskQueue = '{queue}'"})

    assert (planned.status_code, launched.status_code) == (403, 403)
    assert "This needs the role Admin in default" in words_in(planned)
    assert "Your role does not include to launch it" in words_in(page)
    assert "Pause activities" in words_in(runs)
    assert "Delete" not in words_in(runs)


@pytest.mark.one_server
def test_the_record_stays_and_a_failure_is_kept_when_it_is_tried_again(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 2, queue)
    operation = bulk.freeze(browser_of(bob), "terminate", f"TaskQueue = '{queue}'")
    BulkOperation.objects.filter(pk=operation.pk).update(stage="finished")
    one, other = outcomes.take(operation.pk, 1, 2, "me")
    came = [(one, Outcome(State.DONE)), (other, Outcome(State.FAILED, "it was away"))]
    outcomes.conclude(came, "me", timezone.now(), 1)
    targets = BulkTarget.objects.filter(operation=operation)

    for change in (
        lambda: targets.filter(pk=one.id).update(state=State.FAILED),
        lambda: targets.filter(pk=other.id).update(state=State.DONE),
        lambda: targets.update(workflow_id="another"),
        targets.delete,
        lambda: BulkOperation.objects.filter(pk=operation.pk).update(reason="a better one"),
        lambda: BulkOperation.objects.filter(pk=operation.pk).delete(),
    ):
        with refused():
            change()
    assert outcomes.wait_again(operation, timezone.now()) == 1
    past = PastOutcome.objects.get(operation=operation)
    rounds.note(operation, Continuation.What.RETRIED, bob, timezone.now())
    continuation = operation.continuations.get()
    for change in (
        past.delete,
        continuation.delete,
        lambda: operation.continuations.update(who="Mallory"),
    ):
        with refused():
            change()

    assert (past.target_id, past.says, past.tries) == (other.id, "it was away", 1)
    assert (past.round, continuation.round) == (1, 1)
    counts = +outcomes.by_state(operation)
    assert counts == +outcomes.tally(operation) == {State.DONE: 1, State.WAITING: 1}
    assert (
        "it was away"
        in browser_of(bob).get(f"{URL}{operation.pk}/outcomes.csv").getvalue().decode()
    )


@contextmanager
def refused() -> Iterator[None]:
    """By the database itself; what was done before stays."""
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        yield
