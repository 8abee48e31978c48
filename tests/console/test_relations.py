"""The family of a run: the way up, levels that open one at a time, chains and resets."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.access.models import Role
from console.gateway import namespaces, steering, workflows
from console.gateway.runs import RunKey
from console.workflows import kin
from tests.console.conftest import NAMESPACE, indexed
from tests.support.commands import complete, continue_as_new, start_child
from tests.support.engine import PERDURE, Server
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of, cpu_ms, htmx, words_in
from tests.support.people import person
from tests.support.programs import Program
from tests.support.scripted import Scripted

Browser = Callable[..., Client]
pytestmark = pytest.mark.usefixtures("db")
#: A window and a bit.
WINDOW, CHILDREN = 10, 12
MEMBERS, BRANCHES = 5_000, 4
CPU_MS_MAX = 300
#: However many members there are. Up to eight ask other namespaces, which other tests make.
CALLS_MAX = 20
#: So many fewer are made by who comes while the answers of somebody's counts are kept.
OF_KEPT_ANSWERS = 4


def url(key: RunKey, view: str = "relations") -> str:
    return reverse(f"workflows:{view}", args=[key.namespace, key.workflow_id, key.run_id])


def child_of(key: RunKey, workflow_id: str) -> RunKey:
    query = f"WorkflowId = '{workflow_id}'"
    indexed(query, 1)
    return workflows.find(key.namespace, query, 1).runs[0].key


def test_a_wide_family_is_shown_in_windows_and_costs_the_same(
    carol: User,
    browser_of: Browser,
    worker: Scripted,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kin, "WINDOW", WINDOW)
    key = worker.start(names.workflow())
    stem = names.workflow("kid")
    idle = names.queue()
    worker.on_task(*(start_child(f"{stem}-{number:02}", idle) for number in range(CHILDREN)))
    indexed(f"ParentRunId = '{key.run_id}'", CHILDREN)
    browser = browser_of(carol)

    page = browser.get(url(key))
    second = browser.get(url(key, "kin"), headers=htmx(""))
    one = browser.get(url(key, "kin"), {"find": f"{stem}-07"}, headers=htmx(""))

    assert "12 children" in words_in(page)
    assert "Running 12" in words_in(page)
    assert "1 to 10 of 12" in words_in(page)
    assert page.text.count('id="m-') == second.text.count('id="m-') == WINDOW
    assert one.text.count('id="m-') == 1
    assert calls_of(page) <= CALLS_MAX
    assert calls_of(second) <= 6


@pytest.mark.slow
@pytest.mark.one_server
@pytest.mark.timeout(240)
def test_a_family_of_five_thousand_opens_and_is_searched_as_one_of_five_is(
    carol: User, browser_of: Browser, program: Program, server: Server, names: Names
) -> None:
    idle, browser = names.queue(), browser_of(carol)
    pages = []
    for each in (1, MEMBERS // BRANCHES):
        first, second = (Scripted(program, server, names.queue()) for _ in range(2))
        root = first.start(names.workflow("root"))
        stem = names.workflow("branch")
        first.on_task(*(start_child(f"{stem}-{one}", second.queue) for one in range(BRANCHES)))
        for _ in range(BRANCHES):
            second.on_task(*(start_child(names.workflow("leaf"), idle) for _ in range(each)))
        whole = f"RootRunId = '{root.run_id}' AND ParentRunId IS NOT NULL"
        indexed(whole, BRANCHES * (each + 1), within=90)
        branch = child_of(root, f"{stem}-0")
        leaf = workflows.find(NAMESPACE, f"ParentRunId = '{branch.run_id}'", 1).runs[0].key
        found = {"find": leaf.workflow_id}
        pages.append(
            [browser.get(url(root)), browser.get(url(branch)), browser.get(url(root), found)]
        )

    few, many = pages
    assert f"1 to 50 of {MEMBERS // BRANCHES:,}" in words_in(many[1])
    assert "Found in the family 1 below" in words_in(many[2])
    for small_one, great_one in zip(few, many, strict=True):
        assert calls_of(great_one) <= calls_of(small_one) + OF_KEPT_ANSWERS
        assert len(great_one.content) < 8 * len(small_one.content)
        assert cpu_ms(great_one["Server-Timing"]) < CPU_MS_MAX


def test_a_level_opens_below_its_run_and_leads_back_up(
    carol: User, browser_of: Browser, worker: Scripted, other: Scripted, names: Names
) -> None:
    key = worker.start(names.workflow("root"))
    middle, below = names.workflow("middle"), names.workflow("below")
    worker.on_task(start_child(middle, other.queue))
    other.on_task(start_child(below, names.queue()))
    of_middle, of_below = child_of(key, middle), child_of(key, below)
    browser = browser_of(carol)

    page = browser.get(url(key))
    level = browser.get(url(of_middle, "kin"), {"row": "on"}, headers=htmx(""))
    up = browser.get(url(of_below))
    found = browser.get(url(of_below), {"find": middle})

    assert f'hx-get="{url(of_middle, "kin")}?row=on"' in page.text
    assert level.text.startswith(f'\n<tr class="kin-row" id="kin-{of_middle.run_id}"')
    assert of_below.run_id in level.text
    line = up.text[up.text.index('class="lineage"') :]
    assert line.index(key.run_id) < line.index(of_middle.run_id)
    assert "Found in the family 1 below" in words_in(found)


def test_the_runs_of_a_chain_say_how_they_came(
    carol: User, browser_of: Browser, worker: Scripted, names: Names
) -> None:
    key = worker.start(names.workflow())
    worker.on_task(continue_as_new(worker.queue))
    second = workflows.describe(RunKey(NAMESPACE, key.workflow_id, "")).summary.key
    worker.on_task(complete())
    third = steering.reset(
        second, 4, "try again", identity="bob@example.com", request_id=names.workflow("request")
    )
    indexed(f"WorkflowId = '{key.workflow_id}'", 3)
    browser = browser_of(carol)

    words = [words_in(browser.get(url(run))) for run in (key, second, third)]
    page = browser.get(url(second, "run"))

    assert f"goes on in {second.run_id[:8]}" in words[0]
    assert f"continued as new from {key.run_id[:8]}" in words[1]
    assert f"reset from {second.run_id[:8]}" in words[2]
    assert "this run" in words[2]
    assert f"was reset into {third.run_id[:8]}" in words[1]
    assert f"Was reset into {third.run_id[:8]}" in words_in(page)
    assert url(third, "run") in page.text
    assert "Was reset into" not in words[2]


def test_a_child_in_another_namespace_is_for_who_may_see_it(
    alice: User,
    browser_of: Browser,
    worker: Scripted,
    names: Names,
    server_kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if server_kind != PERDURE:
        pytest.skip("this server starts no children in other namespaces")
    namespaces.register("elsewhere", "", "", timedelta(days=1))
    key, child_id = worker.start(names.workflow()), names.workflow("kid")
    worker.on_task(start_child(child_id, worker.queue, namespace="elsewhere"))
    eventually(lambda: workflows.count("elsewhere", f"ParentRunId = '{key.run_id}'").total)
    child = workflows.find("elsewhere", f"WorkflowId = '{child_id}'", 1).runs[0].key
    dora = person("Dora", Role.VIEWER, NAMESPACE)

    mine = browser_of(alice).get(url(key))
    level = browser_of(alice).get(url(key, "kin"), {"space": "elsewhere"}, headers=htmx(""))
    hers = browser_of(dora).get(url(key))
    refused = browser_of(dora).get(url(key, "kin"), {"space": "elsewhere"})
    up = browser_of(alice).get(url(child))
    found = browser_of(alice).get(url(key), {"find": child_id})
    from_child = browser_of(alice).get(url(child), {"find": child_id})
    alone = browser_of(alice).get(url(key), {"find": child_id, "space": "elsewhere"})
    not_hers = browser_of(dora).get(url(key), {"find": child_id})
    denied = browser_of(dora).get(url(key), {"find": child_id, "space": "elsewhere"})
    monkeypatch.setattr(kin, "SPACES_MAX", 0)
    unasked = browser_of(alice).get(url(key), {"find": child_id})

    assert "1 child in elsewhere" in words_in(mine)
    assert child.run_id in level.text
    assert "elsewhere" not in hers.text
    assert refused.status_code == 403
    assert url(key) in up.text
    for page in (found, from_child, alone):
        assert "Found in the family 1 below" in words_in(page)
        assert f'id="m-{child.run_id}"' in page.text
    assert "not asked" not in words_in(found)
    assert f"{child_id} elsewhere below {key.workflow_id}" in words_in(found)
    assert "in elsewhere alone" in words_in(alone)
    assert "Found in the family 0 below" in words_in(not_hers)
    assert denied.status_code == 403
    assert "Nobody in the family is called so" in words_in(unasked)
    assert "not asked" in words_in(unasked)
