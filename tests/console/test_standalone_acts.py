"""Activities and Nexus operations without a workflow: helped and ended, one and many; started."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from console.audit.models import AuditEntry
from console.bulk import acting, verbs
from console.bulk.models import State
from console.bulk.outcomes import Outcome
from console.gateway import standalone
from console.gateway.deeds import Order, Turn
from console.gateway.runs import RunKey
from console.gateway.standalone import ACTIVITIES, Key
from console.standalone import presenters
from console.ui import spans
from tests.console.conftest import NAMESPACE
from tests.console.test_payloads import allow
from tests.support import alone
from tests.support.alone import LIST, address, until
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]
START = f"{LIST}start/"


@pytest.fixture
def waiting(names: Names, db: None, engine: str) -> Key:
    return alone.waiting(names)


@pytest.mark.parametrize(
    ("view", "form", "verb", "status"),
    [
        ("cancel", {}, "standalone.cancel", None),
        ("terminate", {}, "standalone.terminate", "Terminated"),
        ("complete", {"result": '"by hand"'}, "activity.complete", "Completed"),
        ("pause", {}, "activity.pause", "Paused"),
    ],
)
def test_an_act_needs_a_reason_and_is_written_down(
    view: str, form: dict[str, str], verb: str, status: str | None,
    bob: User, browser_of: Browser, waiting: Key,
) -> None:  # fmt: skip
    browser = browser_of(bob)

    assert browser.get(address(waiting, view)).status_code == 200
    assert browser.post(address(waiting, view), form | {"reason": ""}).status_code == 422
    answer = browser.post(address(waiting, view), form | {"reason": "asked by phone"})

    assert (answer.status_code, answer["Location"]) == (303, address(waiting))
    if status is None:
        until(waiting, lambda one: one.summary.status == "Canceled" or bool(one.cancel_reason))
    else:
        until(waiting, lambda one: one.summary.status == status)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target) == (verb, f"activities/{waiting.id}")
    assert (entry.reason, entry.outcome.result) == ("asked by phone", "done")
    assert waiting.id in browser.get("/activity/").text


def test_options_are_shown_before_and_after_and_then_changed(
    bob: User, browser_of: Browser, waiting: Key
) -> None:
    browser, at = browser_of(bob), address(waiting, "options")
    asked = {
        "task_queue": until(waiting, lambda one: True).summary.at,
        "start_to_close_timeout": "45s",
        "maximum_attempts": "7",
        "initial_interval": "1s",
        "backoff_coefficient": "2",
        "maximum_interval": "100s",
        "final_types": "NoSuchCard",
        "reason": "a slow bank",
    }

    shown = browser.post(at, asked | {"step": "check"}, headers=htmx("dialog"))
    nothing = until(waiting, lambda one: True).options
    seal = shown.context["seal"]
    changed = browser.post(at, asked | {"step": "apply", "checked": seal})
    same = browser.post(at, asked | {"step": "check"})

    assert "One attempt may take 20 s 45 s" in words_in(shown)
    assert nothing is not None
    assert nothing.maximum_attempts == 0
    assert changed["Location"] == address(waiting)
    options = until(waiting, lambda one: True).options
    assert options is not None
    assert (options.start_to_close_timeout, options.maximum_attempts) == (timedelta(seconds=45), 7)
    assert (options.final_types, options.initial_interval) == (
        ("NoSuchCard",),
        timedelta(seconds=1),
    )
    assert same.status_code == 422
    assert "Nothing is different" in words_in(same)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target) == ("activity.change", f"activities/{waiting.id}")
    assert entry.before["attempts in all"] == "without end"
    assert entry.outcome.after["attempts in all"] == "7"


def test_one_is_started_by_hand_and_one_like_it(
    bob: User, carol: User, browser_of: Browser, names: Names, program: Program
) -> None:
    browser, queue = browser_of(bob), names.queue()
    form = {
        "type": "charge_card", "activity_id": names.workflow("by-hand"), "task_queue": queue,
        "argument": ['"9.99"'], "start_to_close_timeout": "20s", "heartbeat_timeout": "15s",
        "attempts": "3", "first_pause": "2s", "priority_key": "2", "reuse": "never",
        "conflict": "refuse", "reason": "the customer called", "headers": '{"tenant": "eu"}',
        "final_types": "NoSuchCard\nStolenCard",
    }  # fmt: skip

    endless = browser.post(START, form | {"start_to_close_timeout": ""})
    no_names = browser.post(START, form | {"headers": '["eu"]'})
    unreadable = browser.post(START, form | {"argument": ["9.99 EUR"]})
    answer = browser.post(START, form)
    again = browser.post(START, form)

    assert [endless.status_code, unreadable.status_code] == [422, 422]
    assert list(endless.context["form"].errors) == ["start_to_close_timeout"]
    assert list(no_names.context["form"].errors) == ["headers"]
    assert "This is not JSON" in words_in(unreadable)
    begun = standalone.newest(NAMESPACE, ACTIVITIES, form["activity_id"])
    assert begun is not None
    assert answer["Location"] == address(begun)
    assert list(again.context["form"].errors) == ["activity_id"]
    entry = AuditEntry.objects.get(verb="standalone.start", outcome__result="done")
    assert entry.target == f"activities/{begun.id}"
    assert (entry.asked["arguments"], entry.asked["headers"]) == (["9.99"], ["tenant"])

    like = browser.get(presenters.start_like(begun))
    copied = like.context["form"]
    second = {name: copied[name].value() or "" for name in copied.fields}
    second |= {"argument": [like.context["draft"].rows[0].text], "reason": "once more"}
    second |= {"like": begun.id, "run": begun.run_id, "reuse": "always", "conflict": "refuse"}
    with running(program, queue):
        sent = browser.post(START, {name: _plain(value) for name, value in second.items()})
        assert sent.status_code == 303, sent.context["form"].errors
        key = standalone.newest(NAMESPACE, ACTIVITIES, str(second["activity_id"]))
        assert key is not None
        assert sent["Location"] == address(key)
        done = until(key, lambda one: one.summary.status == "Completed")
    assert "charged 9.99" in words_in(browser.get(address(key)))
    assert done.options is not None
    assert (done.options.maximum_attempts, done.options.priority_key) == (3, 2)
    assert done.options.final_types == ("NoSuchCard", "StolenCard")
    assert done.header["tenant"].content == "eu"
    assert browser_of(carol).get(START).status_code == 403


def _plain(value: Any) -> Any:
    return spans.exact(value) if isinstance(value, timedelta) else value


def test_a_paused_one_is_resumed(bob: User, browser_of: Browser, waiting: Key) -> None:
    browser = browser_of(bob)
    browser.post(address(waiting, "pause"), {"reason": "a fault at the bank"})
    until(waiting, lambda one: one.state == "paused")

    assert "Resume…" in words_in(browser.get(address(waiting)))
    browser.post(address(waiting, "resume"), {"reason": "the bank is back"})
    until(waiting, lambda one: one.state != "paused")


def test_one_is_deleted_by_an_admin_alone(
    alice: User, bob: User, browser_of: Browser, waiting: Key
) -> None:
    refused = browser_of(bob).post(address(waiting, "delete"), {"reason": "x"})
    answer = browser_of(alice).post(address(waiting, "delete"), {"reason": "a test of ours"})

    assert (refused.status_code, answer["Location"]) == (403, LIST)
    eventually(lambda: browser_of(alice).get(address(waiting)).status_code, lambda at: at == 404)


def test_what_fails_by_hand_is_an_attempt_that_runs(
    bob: User, browser_of: Browser, waiting: Key
) -> None:
    asked = {"message": "no such card", "kind": "", "final": "on", "reason": "x"}

    answer = browser_of(bob).post(address(waiting, "fail"), asked)

    assert answer.status_code == 422
    assert AuditEntry.objects.get().outcome.result == "refused"


def act(name: str, key: Key, told: dict[str, Any] | None = None, *, again: bool = False) -> Outcome:
    """As a bulk operation does it to one of its list."""
    order = Order("bob@example.com", "why not", told or {}, timezone.now() - timedelta(minutes=1))
    whose = RunKey(key.namespace, key.id, key.run_id)
    turn = Turn(whose, f"request of {name}", again)
    return acting.act(verbs.named(f"{key.kind.name}-{name}"), order, turn)


@pytest.mark.parametrize("name", ["cancel", "terminate"])
def test_an_end_of_many_is_recognised_when_its_answer_was_lost(
    name: str, waiting: Key, settings: Any
) -> None:
    allow(settings, masked={"failure.message": "nobody"})
    first, again = act(name, waiting), act(name, waiting, again=True)
    after, someone_s = act(name, waiting, again=True), act("pause", waiting)

    assert [one.state for one in (first, again, after)] == [State.DONE] * 3
    assert someone_s.state is State.CLOSED
    assert "closed since the list was frozen" in someone_s.says


def test_a_turn_of_many_helps_one_as_a_person_does(waiting: Key) -> None:
    told = {"options": {"start_to_close_timeout": "50s"}}
    turns = [
        act("pause", waiting), act("change", waiting, told), act("resume", waiting),
        act("try", waiting, {"forgets_beat": True}),
        act("complete", waiting, {"result": ["by hand"]}),
        act("complete", waiting, {"result": ["by hand"]}, again=True),
    ]  # fmt: skip
    other_result = act("complete", waiting, {"result": ["another"]}, again=True)

    assert [one.state for one in turns] == [State.DONE] * 6
    assert turns[-1].says == "completed by an earlier try"
    assert other_result.state is State.CLOSED
    done = until(waiting, lambda one: one.summary.status == "Completed")
    assert done.options is not None
    assert done.options.start_to_close_timeout == timedelta(seconds=50)


def test_of_many_only_an_attempt_that_runs_is_failed_and_what_is_gone_is_said(waiting: Key) -> None:
    told = {"message": "no such card", "kind": "", "final": True}

    refused = act("fail", waiting, told)
    deleted = act("delete", waiting)
    eventually(lambda: standalone.newest(NAMESPACE, ACTIVITIES, waiting.id) is None)
    again, someone_s = act("delete", waiting, again=True), act("delete", waiting)

    assert refused.state is State.FAILED
    assert "No attempt runs now" in refused.says
    states = [one.state for one in (deleted, again, someone_s)]
    assert states == [State.DONE, State.DONE, State.CLOSED]
