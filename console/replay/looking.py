"""What the pages need, read at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from console.audit.models import AuditEntry
from console.gateway import conditions, histories, namespaces, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.events import Event
from console.gateway.runs import RunDetail, RunKey, RunSummary
from console.replay import planner, presenters
from console.replay.planner import Plan, Step
from console.ui.htmx import version_of
from console.ui.refusals import Refusal

#: The longest history that the protocol allows.
EVENTS_MAX = 51_200
FAILING_QUERY = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
LISTED_MAX = 25
#: So many can be left out one by one.
SIGNALS_MAX = 30


@dataclass(frozen=True, slots=True)
class Look:
    key: RunKey
    run: RunDetail
    history: Sequence[Event]
    steps: Sequence[Step]
    plan: Plan | None
    #: The open run of this workflow id, when it is another one.
    current: str

    @property
    def seal(self) -> str:
        """Changes when what follows from the reset changes, not with every event."""
        plan = self.plan
        if plan is None:
            return ""
        lists = (plan.kept, plan.again, plan.signals, plan.updates, plan.children_on, plan.undone)
        return version_of(plan.point, [[step.event_id for step in one] for one in lists])


def look(key: RunKey, point: int | None) -> Look:
    run = workflows.describe(key)
    history = whole_history(key)
    steps = planner.steps(history)
    points = planner.points(steps)
    if point is not None and point not in points:
        raise Refusal(422, f"Event {point} is not the end of a completed workflow task.")
    if point is None and points:
        point = points[-1]
    plan = planner.plan(steps, point) if point else None
    return Look(key, run, history, steps, plan, _current(key))


def page(it: Look, unfold: bool) -> dict[str, Any]:
    plan = it.plan
    context: dict[str, Any] = {
        "it": it,
        "run": it.run.summary,
        "usual": planner.usual(it.steps),
        "rows": presenters.rows(it.steps, plan, unfold),
        "unfold": unfold,
        "open_runs": open_runs(it.run.summary.type, namespaces.open_runs(it.key.namespace)),
    }
    if plan is None:
        return context
    return context | {
        "plan": plan,
        "verdicts": presenters.verdicts(plan, it.current),
        "keys": presenters.keys(it.steps, plan),
        "signals": presenters.names(plan.signals),
        "each_signal": plan.signals if 1 < len(plan.signals) <= SIGNALS_MAX else (),
        # The official server takes no signals with a reset.
        "sends_anew": namespaces.attributes(it.key.namespace).ours,
        "updates": presenters.names(plan.updates),
    }


def open_runs(workflow_type: str, are_open: str) -> str:
    """Those that are paused, too: that is what one does before a reset."""
    of_type = conditions.equals("WorkflowType", workflow_type)
    return conditions.narrowed(of_type, are_open)


def failing(namespace: str) -> tuple[RunSummary, ...] | None:
    """Open runs whose code fails. None where the server does not index that."""
    try:
        return workflows.find(namespace, FAILING_QUERY, LISTED_MAX).runs
    except GatewayError as error:
        if error.trouble is not Trouble.INVALID:
            raise
        return None


def resets(namespace: str) -> list[AuditEntry]:
    found = AuditEntry.objects.filter(namespace=namespace, verb="run.reset")
    return list(found.select_related("outcome")[:LISTED_MAX])


def whole_history(key: RunKey) -> list[Event]:
    events: list[Event] = []
    token = b""
    while len(events) < EVENTS_MAX:
        page = histories.forward(key, token)
        events += page.events
        token = page.next_token
        if not token:
            return events
    raise Refusal(413, f"This history has more than {EVENTS_MAX:,} events.")


def _current(key: RunKey) -> str:
    newest = workflows.describe(RunKey(key.namespace, key.workflow_id, "")).summary
    return newest.key.run_id if newest.is_open and newest.key.run_id != key.run_id else ""
