"""Freezing a list, and what the pages say and refuse. The worker has its own files."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.audit.models import AuditEntry
from console.bulk import manifest
from console.bulk.models import BulkOperation, State
from tests.support import bulk
from tests.support.bulk import URL
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program

Browser = Callable[..., Client]


def test_a_query_is_frozen_into_a_list_that_does_not_grow(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    keys = bulk.start_many(program, names, 3, queue)
    browser = browser_of(bob)

    operation = bulk.freeze(browser, "terminate", f"TaskQueue = '{queue}'")
    program.start("Waiting", names.workflow(), queue)
    page = browser.get(f"{URL}{operation.pk}/")

    assert operation.eligible == 3
    assert {target.run_id for target in operation.targets.all()} == {key.run_id for key in keys}
    assert "Terminate 3 runs" in words_in(page)
    assert "Nothing has run" in words_in(page)
    assert AuditEntry.objects.count() == 0


def test_a_closed_run_is_not_eligible_and_the_page_says_why(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    keys = bulk.start_many(program, names, 2, queue)
    program.wait(program.client.get_workflow_handle(keys[0].workflow_id).terminate())
    program.await_status(keys[0], "Terminated")
    browser = browser_of(bob)

    operation = bulk.choose(browser, "signal", keys)
    page = browser.get(f"{URL}{operation.pk}/")

    by_run = {target.run_id: target for target in operation.targets.all()}
    assert by_run[keys[0].run_id].state == State.INELIGIBLE
    assert (by_run[keys[1].run_id].state, by_run[keys[1].run_id].position) == (State.WAITING, 1)
    assert "closed; a closed run takes no signal" in words_in(page)


def test_the_list_is_read_page_by_page(
    bob: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 5, queue)
    monkeypatch.setattr(manifest, "PAGE", 2)

    operation = bulk.freeze(browser_of(bob), "cancel", f"TaskQueue = '{queue}'")

    positions = operation.targets.values_list("position", flat=True)
    assert sorted(positions) == [1, 2, 3, 4, 5]


def test_a_list_beyond_the_limit_is_refused_and_nothing_of_it_stays(
    bob: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 3, queue)
    monkeypatch.setattr(manifest, "PAGE", 2)
    monkeypatch.setattr(manifest, "TARGETS_MAX", 2)

    answer = browser_of(bob).post(
        f"{URL}plan/",
        {"verb": "terminate", "query": f"TaskQueue = '{queue}'", "all_matching": "yes"},
    )

    assert answer.status_code == 413
    assert "More than 2 runs match" in words_in(answer)
    assert not BulkOperation.objects.exists()


def test_a_query_that_cannot_be_read_is_refused_in_words(bob: User, browser_of: Browser) -> None:
    answer = browser_of(bob).post(
        f"{URL}plan/", {"verb": "terminate", "query": "Nonsense ===", "all_matching": "yes"}
    )

    assert answer.status_code == 400
    assert "The engine refused it" in words_in(answer)


@pytest.mark.parametrize("mark", ["x' OR 'a' = 'a wf", "", "no-blank"])
def test_a_forged_selection_does_not_reach_the_index(
    bob: User, browser_of: Browser, mark: str
) -> None:
    answer = browser_of(bob).post(f"{URL}plan/", {"verb": "cancel", "query": "", "run": mark})

    assert answer.status_code in {303, 400}
    assert not BulkOperation.objects.exclude(eligible=0).exists()


def test_a_viewer_may_look_and_not_act(
    bob: User, carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 1, queue)
    operation = bulk.freeze(browser_of(bob), "cancel", f"TaskQueue = '{queue}'")
    viewer = browser_of(carol)

    assert viewer.get(URL).status_code == 200
    assert viewer.get(f"{URL}{operation.pk}/").status_code == 200
    for act in ("launch", "pause", "resume", "abort", "retry", "discard"):
        assert viewer.post(f"{URL}{operation.pk}/{act}/").status_code == 403
    assert viewer.post(f"{URL}plan/", {"verb": "cancel"}).status_code == 403


def test_acts_are_posted_with_a_token_and_from_the_right_namespace(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 1, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "cancel", f"TaskQueue = '{queue}'")

    assert browser.get(f"{URL}{operation.pk}/launch/").status_code == 405
    assert browser.post(URL).status_code == 405
    assert browser_of(bob, csrf=True).post(f"{URL}{operation.pk}/launch/").status_code == 403
    assert browser.get(f"/namespaces/other/bulk/{operation.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("rate", "3000", "less than or equal to 2000"),
        ("canary", "-1", "greater than or equal to 0"),
        ("errors_percent_max", "many", "whole number"),
        ("reason", "", "required"),
        ("argument", "{not json", "This is not JSON"),
    ],
)
def test_a_form_that_cannot_be_used_is_shown_again_with_the_reason(
    bob: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    field: str,
    value: str,
    says: str,
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 1, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "signal", f"TaskQueue = '{queue}'")

    part = browser.post(
        f"{URL}{operation.pk}/launch/",
        bulk.HOW | {"name": "go", field: value},
        headers=htmx("launch"),
    )

    assert part.status_code == 422
    assert says in words_in(part)
    assert "<html" not in part.text
    assert BulkOperation.objects.get(pk=operation.pk).stage == "draft"


def test_a_draft_can_be_discarded_once(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    bulk.start_many(program, names, 1, queue)
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "cancel", f"TaskQueue = '{queue}'")

    assert browser.post(f"{URL}{operation.pk}/discard/").status_code == 303
    assert browser.post(f"{URL}{operation.pk}/discard/").status_code == 404
    assert AuditEntry.objects.get().asked == {"what": "discard"}


def test_a_list_without_an_eligible_run_cannot_be_launched(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    browser = browser_of(bob)
    operation = bulk.freeze(browser, "cancel", f"TaskQueue = '{names.queue()}'")

    answer = bulk.launch(browser, operation)

    assert answer.status_code == 409
    assert "None of these runs can take it" in words_in(answer)
