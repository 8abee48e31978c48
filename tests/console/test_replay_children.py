"""Children that a reset leaves running: asked to cancel first, where they are, by who may."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.access.models import Role, Rule
from console.audit.models import AuditEntry, AuditOutcome
from console.gateway import histories, namespaces, steering, workflows
from console.gateway.runs import RunKey
from console.replay import planner
from tests.console.conftest import NAMESPACE
from tests.console.test_replay import REASON, seen, steps_of
from tests.support.commands import complete, start_child
from tests.support.engine import PERDURE
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.people import person
from tests.support.scripted import Scripted

Browser = Callable[..., Client]


def place(key: RunKey, view: str = "plan") -> str:
    return reverse(f"replay:{view}", args=[key.namespace, key.workflow_id, key.run_id])


@pytest.fixture
def parent(worker: Scripted, names: Names, db: None) -> RunKey:
    return worker.start(names.workflow("parent"))


def with_children(parent: RunKey, worker: Scripted, *ids: str) -> None:
    """Each on a queue that nobody asks; the first task is the point before them."""
    worker.on_task(*(start_child(one, f"{worker.queue}-idle") for one in ids))
    all_started(parent, len(ids))
    worker.on_task()


def all_started(parent: RunKey, count: int) -> None:
    def started() -> int:
        return sum(bool(one.run_id) for one in steps_of(parent) if one.kind == "child")

    eventually(started, lambda seen: seen == count)


def asked_for(page: Any, key: RunKey, point: int) -> dict[str, Any]:
    return {
        "event": point, "seen": seen(page), "reason": REASON, "cancel_children": "on",
        "keep_signals": "on", "keep_updates": "on",
    }  # fmt: skip


def is_asked_to_cancel(key: RunKey) -> bool:
    found = histories.forward(key).events
    return any(one.kind == "WorkflowExecutionCancelRequested" for one in found)


def test_they_are_asked_first_and_the_entry_says_which(
    parent: RunKey, worker: Scripted, names: Names, bob: User, browser_of: Browser
) -> None:
    first, second = names.workflow("one"), names.workflow("two")
    with_children(parent, worker, first, second)
    point, browser = planner.points(steps_of(parent))[0], browser_of(bob)
    page = browser.get(place(parent), {"event": point})

    done = browser.post(place(parent, "reset"), asked_for(page, parent, point))

    assert "Ask the children to cancel first" in words_in(page)
    assert done.status_code == 303
    assert all(is_asked_to_cancel(RunKey(NAMESPACE, one, "")) for one in (first, second))
    entry = AuditEntry.objects.get(verb="run.reset")
    assert entry.asked["children to cancel"] == f"{first}, {second}"
    assert entry.outcome.after["children asked to cancel"] == f"{first}, {second}"


def test_a_run_that_has_got_the_id_of_a_child_since_is_left_alone(
    parent: RunKey, worker: Scripted, other: Scripted, names: Names, bob: User, browser_of: Browser
) -> None:
    child = names.workflow("child")
    worker.on_task(start_child(child, other.queue))
    all_started(parent, 1)
    point, browser = planner.points(steps_of(parent))[0], browser_of(bob)
    page = browser.get(place(parent), {"event": point})
    worker.on_task(complete())  # its child goes on no longer, and it does not hear of that
    eventually(lambda: not workflows.describe(RunKey(NAMESPACE, child, "")).summary.is_open)
    again = other.start(child)

    done = browser.post(place(parent, "reset"), asked_for(page, parent, point))

    assert done.status_code == 303
    assert not is_asked_to_cancel(again)
    assert "children asked to cancel" not in AuditEntry.objects.get().outcome.after


def test_a_child_that_was_under_way_at_the_point_stays_so(
    parent: RunKey, worker: Scripted, names: Names, bob: User, browser_of: Browser
) -> None:
    """Both servers take such a reset, so nothing of it is to be looked at before."""
    child = names.workflow("child")
    with_children(parent, worker, child)
    point, browser = planner.points(steps_of(parent))[1], browser_of(bob)
    page = browser.get(place(parent), {"event": point})

    done = browser.post(place(parent, "reset"), asked_for(page, parent, point))

    assert "Ask the children" not in words_in(page)
    assert done.status_code == 303
    assert not is_asked_to_cancel(RunKey(NAMESPACE, child, ""))


def test_in_another_namespace_they_are_asked_there_by_who_may(
    parent: RunKey, worker: Scripted, names: Names, alice: User, browser_of: Browser,
    server_kind: str,
) -> None:  # fmt: skip
    if server_kind != PERDURE:
        pytest.skip("this server starts no children in other namespaces")
    far = names.workflow("far").replace("/", "-")
    namespaces.register(far, "", "", timedelta(days=1))
    here, there = names.workflow("here"), names.workflow("there")
    worker.on_task(
        start_child(here, f"{worker.queue}-idle"),
        start_child(there, f"{worker.queue}-idle", namespace=far),
    )
    all_started(parent, 2)
    point = planner.points(steps_of(parent))[0]
    dora = browser_of(person("Dora", Role.OPERATOR, NAMESPACE))
    page = dora.get(place(parent), {"event": point})
    done = dora.post(place(parent, "reset"), asked_for(page, parent, point))

    assert f"Not asked to cancel: {there}: This needs the role Operator in {far}" in words_in(page)
    assert done.status_code == 303
    assert is_asked_to_cancel(RunKey(NAMESPACE, here, ""))
    assert not is_asked_to_cancel(RunKey(far, there, ""))

    hers = browser_of(alice)
    page = hers.get(place(parent), {"event": point})
    hers.post(place(parent, "reset"), asked_for(page, parent, point))
    assert "Not asked to cancel" not in words_in(page)
    assert is_asked_to_cancel(RunKey(far, there, ""))


def test_where_none_may_be_asked_the_page_says_why_and_the_act_is_refused(
    parent: RunKey, worker: Scripted, names: Names, bob: User, browser_of: Browser
) -> None:
    child = names.workflow("child")
    with_children(parent, worker, child)
    Rule.objects.create(person=bob, verb="run.cancel", may=False, reason="a test", given_by="Alice")
    point, browser = planner.points(steps_of(parent))[0], browser_of(bob)
    page = browser.get(place(parent), {"event": point})

    done = browser.post(place(parent, "reset"), asked_for(page, parent, point))

    assert "Ask the children" not in words_in(page)
    assert f"Not asked to cancel: {child}: An exception to your role forbids you" in words_in(page)
    assert done.status_code == 403
    assert workflows.describe(parent).summary.is_open


def test_a_reset_that_is_refused_after_they_were_asked_says_which(
    parent: RunKey,
    worker: Scripted,
    names: Names,
    bob: User,
    browser_of: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    child = names.workflow("child")
    with_children(parent, worker, child)
    point, browser = planner.points(steps_of(parent))[0], browser_of(bob)
    page = browser.get(place(parent), {"event": point})
    cancel = steering.cancel

    def cancel_while_somebody_deletes(*given: Any, **named: Any) -> None:
        cancel(*given, **named)
        steering.delete(parent)
        gone = f"RunId = '{parent.run_id}'"
        eventually(lambda: workflows.count(NAMESPACE, gone).total == 0, within=30)

    monkeypatch.setattr(steering, "cancel", cancel_while_somebody_deletes)
    refused = browser.post(place(parent, "reset"), asked_for(page, parent, point))

    assert refused.status_code == 404
    assert f"1 child had been asked to cancel by then: {child}." in words_in(refused)
    outcome = AuditEntry.objects.get().outcome
    assert outcome.result == AuditOutcome.Result.REFUSED
    assert f"1 child had been asked to cancel by then: {child}." in outcome.says
    assert is_asked_to_cancel(RunKey(NAMESPACE, child, ""))
