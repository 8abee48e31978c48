"""The reset planner against real histories, the reset itself, and the replay check."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.access.models import Rule
from console.audit.models import AuditEntry
from console.gateway import histories, once, workflows
from console.gateway.payloads import Value
from console.gateway.runs import RunKey
from console.replay import planner, presenters
from console.replay.effects import effect
from console.replay.planner import Plan, Step
from tests.support.engine import OFFICIAL
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]
URL = "/namespaces/default/replay/"
REASON = "the new flow was shipped without a patch marker"


def place(key: RunKey, act: str = "") -> str:
    return f"{URL}{key.workflow_id}/{key.run_id}/{act}".replace("waiting/", "waiting~2F")


def steps_of(key: RunKey) -> list[Step]:
    return planner.steps(histories.forward(key).events)


def plan_at(key: RunKey, number: int) -> Plan:
    """From the workflow task of this number on, counted from 0."""
    steps = steps_of(key)
    return planner.plan(steps, planner.points(steps)[number])


def seen(page: Any) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{8})"', page.text)
    assert found
    return found[1]


def named(steps: tuple[Step, ...]) -> list[str]:
    return [step.name for step in steps]


# ---- the planner ----


def test_before_an_activity_it_runs_again_and_after_it_it_is_kept(
    bob: User, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow(), queue, "9.99")
        program.result(key)

    first, last = plan_at(key, 0), plan_at(key, 1)

    assert (named(first.kept), named(first.again)) == ([], ["charge_card"])
    assert named(first.undone) == ["charge_card"]
    assert (named(last.kept), named(last.again)) == (["charge_card"], [])
    assert last.undone == ()


def test_what_was_under_way_at_the_point_is_under_way_again(
    bob: User, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Waiting", names.workflow(), queue)
        program.await_status(key, "Running", events_min=4)
        program.signal(key, "go")
        program.result(key)
        timed = program.start("Charging", names.workflow(), queue, "9.99", 0.2)
        program.result(timed)

    waiting, timer = plan_at(key, 0), plan_at(timed, 1)

    assert named(waiting.signals) == ["go"]
    assert len(timer.timers_again) == 1
    assert len(plan_at(timed, 2).timers_again) == 0


def test_children_that_run_are_told_from_those_that_ended(
    bob: User, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow(), queue, "9.99", 0.0, 2)
        program.result(key)

    plan = plan_at(key, 0)

    assert named(plan.children_again) == [
        f"{key.workflow_id}/child-0",
        f"{key.workflow_id}/child-1",
    ]
    assert plan.children_on == ()
    assert any(one.head == "Children start again" for one in presenters.verdicts(plan, ""))


@pytest.mark.parametrize(
    ("name", "given", "does", "key"),
    [
        ("charge_card", {"key": "sub_1/period-3"}, "moves money", "sub_1/period-3"),
        ("ChargeCard", {"request": {"idempotency_key": "order-1"}}, "moves money", "order-1"),
        ("SendEmail", {"to": "a@example.com"}, "sends a message", ""),
        ("PrintLabel", {}, "books or buys", ""),
        ("find_charge", {"key": "x"}, "", "x"),
        ("compute_total", 3, "", ""),
    ],
)
def test_effects_go_by_name_and_input(name: str, given: Any, does: str, key: str) -> None:
    found = effect(name, [Value("json/plain", 1, given)])

    assert (found.does, found.key) == (does, key)


def test_a_long_history_folds_and_keeps_what_is_around_the_point(
    bob: User, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Counting", names.workflow(), queue, 200, 10)
        program.result(key)
    steps = steps_of(key)
    plan = planner.plan(steps, planner.points(steps)[8])

    rows = presenters.rows(steps, plan, unfold=False)
    every = presenters.rows(steps, plan, unfold=True)

    folds = [row for row in rows if isinstance(row, presenters.Fold)]
    assert len(folds) == 2
    assert len(rows) < 60
    assert len(rows) - len(folds) + sum(fold.steps for fold in folds) == len(every)
    assert sum(isinstance(row, presenters.Cut) for row in rows) == 1


# ---- the page and the act ----


def test_the_page_says_what_follows_before_anything_is_done(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow("charging"), queue, "9.99")
        program.result(key)
    points = planner.points(steps_of(key))
    url = f"{URL}{key.workflow_id.replace('/', '~2F')}/{key.run_id}/"
    browser = browser_of(carol)

    page = browser.get(url, {"event": points[0]})
    part = browser.get(url, {"event": points[1], "reason": "typed"}, headers=htmx("planner"))

    assert f"Back to after event {points[0]}" in words_in(page)
    assert "charge_card, or whatever the code" in words_in(page)
    assert "Cannot be undone" in words_in(page)
    assert "happens twice" in words_in(page)
    assert "<html" not in part.text
    assert "None of it runs again" in words_in(part)
    assert "you need the role Operator" in words_in(part)
    assert len(histories.forward(key).events) == 11


def test_a_reset_runs_on_in_a_new_run_and_signals_come_again(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    browser = browser_of(bob)
    with running(program, queue):
        key = program.start("Waiting", names.workflow("waiting"), queue)
        program.await_status(key, "Running", events_min=4)
        program.signal(key, "go")
        program.result(key)
        point = planner.points(steps_of(key))[0]
        page = browser.get(place(key), {"event": point})

        done = browser.post(
            place(key, "reset/"),
            {"event": point, "seen": seen(page), "keep_signals": "on", "reason": REASON},
        )
        new = RunKey("default", key.workflow_id, done["Location"].rstrip("/").split("/")[-1])
        program.await_status(new, "Completed")

    entry = AuditEntry.objects.get(verb="run.reset")
    assert done.status_code == 303
    assert new.run_id != key.run_id
    assert (entry.reason, entry.run_id, entry.outcome.run_id) == (REASON, key.run_id, new.run_id)
    at = next(one for one in histories.forward(new).events if one.id == entry.outcome.event_id)
    assert at.kind == "WorkflowTaskFailed"
    assert at.attributes.base_run_id == key.run_id
    assert entry.outcome.after == {"run": new.run_id, "status": "Running"}


def test_signals_are_left_out_when_that_was_asked(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    browser = browser_of(bob)
    with running(program, queue):
        key = program.start("Waiting", names.workflow("waiting"), queue)
        program.await_status(key, "Running", events_min=4)
        program.signal(key, "go")
        program.result(key)
        point = planner.points(steps_of(key))[0]
        page = browser.get(place(key), {"event": point})
        done = browser.post(
            place(key, "reset/"), {"event": point, "seen": seen(page), "reason": REASON}
        )
        new = RunKey("default", key.workflow_id, done["Location"].rstrip("/").split("/")[-1])
        program.await_status(new, "Running", events_min=7)

    kinds = [event.kind for event in histories.forward(new).events]
    assert "WorkflowExecutionSignaled" not in kinds


def test_some_signals_come_again_and_others_do_not(
    bob: User, browser_of: Browser, program: Program, names: Names, server_kind: str
) -> None:
    """The official server takes no signals with a reset, and the page says so."""
    queue, browser = names.queue(), browser_of(bob)
    with running(program, queue):
        key = program.start("Lost", names.workflow("waiting"), queue)
        program.await_status(key, "Running", events_min=4)
        for number in (1, 2, 3):
            program.signal(key, f"note-{number}", number)
        # A signal that comes while the worker has a task is written down after it.
        steps = eventually(
            partial(steps_of, key), lambda steps: any(one.name == "note-3" for one in steps)
        )
        point = planner.points(steps)[0]
        second = next(step.event_id for step in steps if step.name == "note-2")
        page = browser.get(place(key), {"event": point})
        if server_kind == OFFICIAL:
            assert "This server applies all of them or none." in words_in(page)
            return
        asked = {"event": point, "seen": seen(page), "reason": REASON, "keep_signals": "on"}
        done = browser.post(place(key, "reset/"), asked | {"leave": str(second)})

    new = RunKey("default", key.workflow_id, done["Location"].rstrip("/").split("/")[-1])
    events = histories.forward(new).events
    came = [one for one in events if one.kind == "WorkflowExecutionSignaled"]
    assert [one.attributes.signal_name for one in came] == ["note-1", "note-3"]
    assert [one.attributes.input.payloads[0].data for one in came] == [b"1", b"3"]
    assert "Leave some of them out" in words_in(page)
    entry = AuditEntry.objects.get(verb="run.reset")
    assert entry.asked["left out"] == f"event {second}"


def test_a_run_that_went_on_since_the_plan_is_not_reset_before_it_was_seen_again(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    browser = browser_of(bob)
    with running(program, queue):
        key = program.start("Waiting", names.workflow("waiting"), queue)
        program.await_status(key, "Running", events_min=4)
        point = planner.points(steps_of(key))[0]
        old = seen(browser.get(place(key), {"event": point}))
        program.signal(key, "go")
        program.result(key)

        answer = browser.post(
            place(key, "reset/"),
            {"event": point, "seen": old, "keep_signals": "on", "reason": REASON},
            headers=htmx("planner"),
        )

    assert answer.status_code == 409
    assert "this is what would follow now" in words_in(answer)
    assert "applied again" in words_in(answer)
    assert workflows.describe(RunKey("default", key.workflow_id, "")).summary.key == key
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        ({"event": "3"}, 422, "not the end of a completed workflow task"),
        ({"event": "many"}, 422, "Choose a workflow task"),
        ({"reason": ""}, 422, "required"),
        ({"seen": "00000000"}, 409, "The run went on"),
    ],
)
def test_what_cannot_be_a_reset_is_refused(
    bob: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    given: dict[str, str],
    status: int,
    says: str,
) -> None:
    queue = names.queue()
    browser = browser_of(bob)
    with running(program, queue):
        key = program.start("Waiting", names.workflow("waiting"), queue)
        program.await_status(key, "Running", events_min=4)
    point = str(planner.points(steps_of(key))[0])
    page = browser.get(place(key), {"event": point})

    asked = {"event": point, "seen": seen(page), "reason": REASON} | given
    answer = browser.post(place(key, "reset/"), asked)

    assert answer.status_code == status
    assert says in words_in(answer)
    assert not AuditEntry.objects.exists()


def test_the_ends_are_found_behind_many_events(bob: User, program: Program, names: Names) -> None:
    queue = names.queue()
    key = program.start("Waiting", names.workflow(), queue)
    for _ in range(5):
        program.signal(key, "nudge")
    with running(program, queue):
        program.await_status(key, "Running", events_min=9)
    for _ in range(5):
        program.signal(key, "nudge")
    (point,) = planner.points(steps_of(key))

    assert [once.reset_point(key, first=first, size=2) for first in (True, False)] == [point] * 2


def test_who_may_not_cancel_cancels_no_children_by_a_reset(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Waiting", names.workflow("waiting"), queue)
        program.await_status(key, "Running", events_min=4)
    point = planner.points(steps_of(key))[0]
    Rule.objects.create(person=bob, verb="run.cancel", may=False, reason="a test", given_by="Alice")
    browser = browser_of(bob)
    page = browser.get(place(key), {"event": point})
    asked = {"event": point, "seen": seen(page), "reason": REASON}

    answer = browser.post(place(key, "reset/"), asked | {"cancel_children": "on"})

    assert answer.status_code == 403
    assert "forbids you run.cancel" in words_in(answer)
    assert not AuditEntry.objects.exists()


def test_a_run_that_no_worker_took_has_no_point(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow("waiting"), names.queue())

    page = browser_of(bob).get(place(key))

    assert page.status_code == 200
    assert "There is no point to go back to" in words_in(page)


def test_the_list_finds_a_run_by_its_id_and_shows_resets(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow("waiting"), names.queue())
    browser = browser_of(bob)

    found = browser.get(URL, {"id": key.workflow_id})
    unknown = browser.get(URL, {"id": "no-such-run"})

    assert browser.get(URL).status_code == 200
    assert found["Location"] == place(key)
    assert unknown.status_code == 404


def test_the_wrong_method_person_or_token_resets_nothing(
    bob: User, carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow("waiting"), names.queue())

    for act in ("reset/", "check/"):
        assert browser_of(carol).post(place(key, act)).status_code == 403
        assert browser_of(bob, csrf=True).post(place(key, act)).status_code == 403
        assert browser_of(bob).get(place(key, act)).status_code == 405
    assert browser_of(None).get(place(key)).status_code in {302, 303}
