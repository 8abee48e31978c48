"""Why a run stands where it stands, in a sentence."""

import ast
import re
from datetime import timedelta
from pathlib import Path

from console.gateway.events import Event
from console.gateway.runs import (
    PendingChild,
    PendingTask,
    RunDetail,
    RunKey,
    RunSummary,
    WorkerVersion,
)
from console.gateway.task_queues import Poller, Queue, Side
from console.workflows.causes import leaf, waits
from console.workflows.causes.ended import ended
from console.workflows.causes.facts import Facts
from console.workflows.causes.helping import HELPS
from console.workflows.causes.standing import Standing
from console.workflows.groups import Group, grouped
from tests.unit.console.test_timeline import NOON, made, pending

NOW = NOON + timedelta(minutes=41)


def run(**changes: object) -> RunDetail:
    about = RunSummary(
        key=RunKey("default", "subscription/sub_1", "run"), type="Subscription",
        task_queue="billing",
        status=str(changes.pop("status", "Running")), started_at=NOON, execution_at=NOON,
        closed_at=NOW, history_length=5, history_bytes=100, transitions=1, parent=None, root=None,
        first_run_id="", attributes={}, memo={}, problem=None,
    )  # fmt: skip
    usual: dict[str, object] = {
        "summary": about, "execution_timeout": None, "run_timeout": None, "task_timeout": None,
        "cancel_requested": False,
    }  # fmt: skip
    return RunDetail(**(usual | changes))  # type: ignore[arg-type]


def queue(pollers: int) -> Queue:
    side = Side(tuple(Poller(f"w{n}", NOW, "") for n in range(pollers)), 0, None, 0, 0)
    return Queue("billing", side, side)


def standing(
    run: RunDetail, groups: list[Group], close: Event | None, queue: Queue | None
) -> Standing:
    if not run.summary.is_open:
        return ended(run, close)
    facts = Facts(run, groups, NOW, {queue.name: queue} if queue else {})
    return leaf.speak((*leaf.TROUBLE, *leaf.REST), facts) or waits.to_be_told(facts)


def said(found: Standing) -> str:
    return found.subject + found.says + ("<next>" if found.next_at else "") + found.after


def test_an_activity_that_keeps_failing() -> None:
    found = standing(run(activities=(pending(),)), [], None, queue(1))

    assert found.tone == "retrying"
    assert said(found) == (
        "ChargeCard keeps failing: no answer. Attempt 13 failed; the next try is <next>"
        " It will retry without end."
    )


def test_a_failing_activity_that_nobody_polls_for() -> None:
    activity = pending(next_try_at=None)

    found = standing(run(activities=(activity,)), [], None, queue(0))

    assert "attempt 14 waits for a worker, and nobody polls billing." in said(found)


def test_nobody_polls_for_the_workflow_task() -> None:
    task = PendingTask("scheduled", 1, NOON, None)

    found = standing(run(task=task), [], None, queue(0))

    assert (found.tone, found.in_trouble) == ("starving", True)
    assert said(found).startswith("Nobody asks for workflow tasks of billing since 12:00:00.")


def test_the_workflows_own_code_fails() -> None:
    events = [
        made(2, "WorkflowTaskScheduled", 0),
        made(4, "WorkflowTaskFailed", 1, scheduled_event_id=2, failure__message="no such step"),
    ]

    found = standing(
        run(task=PendingTask("started", 5, NOON, NOON)), grouped(events), None, queue(1)
    )

    assert "code fails in attempt 5" in said(found)
    assert found.failure is not None
    assert found.failure.message == "no such step"


def test_it_waits_for_a_timer() -> None:
    timer = made(8, "TimerStarted", 0, start_to_fire_timeout__seconds=86400)

    found = standing(run(), grouped([timer]), None, queue(1))

    assert said(found) == "It waits for a timer; the next timer fires <next>."
    assert found.next_at == NOON + timedelta(days=1)


def test_it_waits_for_a_child() -> None:
    children = (
        PendingChild("invoice/1", "r", "Invoice", 5),
        PendingChild("invoice/2", "r", "Invoice", 6),
    )

    found = standing(run(children=children), [], None, queue(1))

    assert said(found) == "It waits for the child workflow invoice/1 and 1 more."


def test_it_waits_to_be_told() -> None:
    assert (
        said(standing(run(), [], None, queue(1))) == "It waits to be told: a signal or an update."
    )


def test_an_activity_is_pinned_with_its_run() -> None:
    ours, others = WorkerVersion("shop", "b1"), WorkerVersion("shop", "b2")
    activity = pending(failure=None, attempt=1, next_try_at=None)
    pollers = tuple(Poller(f"w{n}", NOW, "b2", others) for n in range(2))
    side = Side(pollers, 0, None, 0, 0)

    found = standing(
        run(activities=(activity,), pinned_to=ours), [], None, Queue("billing", side, side)
    )

    assert said(found) == (
        "No worker of its version asks for activities of billing, as ChargeCard does since"
        " 12:00:00: the run is pinned to version b1 of shop."
        " 2 other workers poll and may not have them."
    )


def test_nothing_is_said_of_versions_while_one_ramps() -> None:
    task = PendingTask("scheduled", 1, NOW, None)
    side = Side((Poller("w", NOW, "b1", WorkerVersion("shop", "b1")),), 0, None, 0, 0, ramps=True)

    found = standing(run(task=task), [], None, Queue("billing", side, side))

    assert found.cause == "runs-now"


def test_an_update_that_was_accepted_after_a_reset_is_no_longer_named() -> None:
    events = [
        made(4, "WorkflowTaskScheduled", 0),
        made(5, "WorkflowExecutionUpdateAdmitted", 1),
        made(6, "WorkflowTaskStarted", 2, scheduled_event_id=4),
        made(7, "WorkflowTaskCompleted", 2, scheduled_event_id=4),
        made(8, "WorkflowTaskScheduled", 3),
    ]
    task = PendingTask("scheduled", 1, NOON, None)

    found = standing(run(task=task), grouped(events), None, queue(0))

    assert found.cause == "no-workflow-worker"


def test_who_terminated_it_and_why() -> None:
    close = made(
        9, "WorkflowExecutionTerminated", 60, reason="card is dead", identity="bob@example.com"
    )

    found = standing(run(status="Terminated"), [], close, None)

    assert said(found) == "Somebody ended it at 12:41:00, bob@example.com: “card is dead”"
    assert not found.in_trouble


ROOT = Path(__file__).parents[3]


def test_nothing_is_said_of_a_history_with_a_hole() -> None:
    events = [made(1, "WorkflowExecutionStarted", 0), made(2_000, "TimerFired", 9)]

    found = leaf.rest(Facts(run(), grouped(events), NOW))

    assert said(found) == "Its history is being read; what it waits for is not known yet."


def test_every_cause_is_told_of_and_made_for_real() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/why-stuck.md").read_text(), re.MULTILINE)
    makers = {cause: test for test in _what_makes_causes() for cause in _causes_found_by(test)}

    assert sorted(told) == sorted(HELPS)
    assert [one for one in told if one not in makers] == []
    assert set(makers) <= set(told), "and no test speaks of a cause that no table has"


def _what_makes_causes() -> list[ast.FunctionDef]:
    trees = [ast.parse(one.read_text()) for one in (ROOT / "tests/console").glob("test_why_st*.py")]
    return [
        node
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def _causes_found_by(test: ast.FunctionDef) -> set[str]:
    """What it waits to become true, or compares the cause with: `becomes("x", …)`, `.cause == "x"`.

    A test that only names a cause proves nothing of it.
    """
    said: list[ast.expr] = []
    for node in ast.walk(test):
        match node:
            case ast.Call(func=ast.Name("becomes"), args=[first, *_]):
                said.append(first)
            case ast.Compare(left=ast.Attribute(attr="cause"), comparators=[right]):
                said.append(right)
            case ast.Compare(
                left=ast.Tuple(elts=[ast.Attribute(attr="cause"), *_]),
                comparators=[ast.Tuple(elts=[right, *_])],
            ):
                said.append(right)
    return {one.value for one in said if isinstance(one, ast.Constant)}
