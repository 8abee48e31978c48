"""Asks the engine for what the rules read, and follows children down to where the cause is.

Each level costs a description, the pollers of its queues and, where there are many children, one
search for one that fails; the whole walk has a budget of runs, and stops with what it knows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from console.gateway import events as gateway
from console.gateway import metadata, namespaces, sight, task_queues, workflows
from console.gateway.channel import GatewayError
from console.gateway.conditions import quoted
from console.gateway.events import Event
from console.gateway.runs import PendingActivity, PendingChild, RunDetail, RunKey
from console.gateway.task_queues import Queue
from console.workflows.causes import code, operations, steps, versions, waits
from console.workflows.causes.ended import ended
from console.workflows.causes.facts import Facts, Followed, alive, workers
from console.workflows.causes.standing import Standing
from console.workflows.groups import Group, grouped
from console.workflows.reading import read

#: runs that are described below the one that is looked at
RUNS_MAX = 8
#: of the children of one run, where the index does not know which of them fails
CHILDREN_MAX = 3
QUEUES_MAX = 3

Rule = Callable[[Facts], Standing | None]
#: what is wrong with the run itself
TROUBLE: tuple[Rule, ...] = (
    waits.is_paused,
    code.fails,
    versions.nobody_may_take_the_task,
    code.update_waits,
    code.nobody_polls,
    code.takes_long,
    code.waits_its_turn,
    steps.fail,
    operations.fail,
    versions.nobody_may_take_an_activity,
    steps.wait_for_nobody,
    steps.are_paused,
    steps.ignore_cancel,
    steps.beat_late,
    steps.lost_their_worker,
    steps.wait_their_turn,
)
#: what is wrong further down, or not wrong at all
REST: tuple[Rule, ...] = (
    waits.child_is_stuck,
    waits.message_is_under_way,
    waits.ignores_cancel,
    waits.has_not_begun,
    steps.run_on,
    waits.for_children,
    operations.go_on,
    waits.for_something,
)


@dataclass(slots=True)
class Walk:
    """`sees`: whether the person may look into a namespace. `left`: runs that may be asked yet."""

    sees: Callable[[str], bool]
    now: datetime
    left: int = RUNS_MAX


def look(run: RunDetail, groups: Sequence[Group], events: Sequence[Event], walk: Walk) -> Standing:
    first = events[0] if events else None
    if not run.summary.is_open:
        return ended(run, events[-1] if events else None)
    run = replace(run, activities=tuple(_with_queues(run, groups)))
    queues = _queues(run)
    facts = Facts(run, groups, walk.now, queues, first, is_whole=_is_whole(events))
    found = speak(TROUBLE, facts)
    if found is None:
        facts = replace(facts, child=_follow(run, groups, walk))
        found = rest(facts)
    return found if found.workers or run.summary.is_paused else _with_workers(found, facts)


def rest(facts: Facts) -> Standing:
    """What it waits for, when nothing is wrong with the run itself."""
    if found := speak(REST, facts):
        return found
    if not facts.is_whole:
        return waits.IS_READ
    told = waits.to_be_told(replace(facts, handlers=_handlers(facts)))
    return waits.after_lost_message(facts, told)


def _is_whole(events: Sequence[Event]) -> bool:
    """A long history comes page by page; what is open may stand where it was not read yet."""
    return bool(events) and events[-1].id == len(events)


def speak(rules: Sequence[Rule], facts: Facts) -> Standing | None:
    return next((found for rule in rules if (found := rule(facts)) is not None), None)


def _with_workers(found: Standing, facts: Facts) -> Standing:
    queue = facts.queue_of(found.activity) if found.activity else facts.queue
    return replace(found, workers=workers(queue, found.activity, facts.now)) if queue else found


def _with_queues(run: RunDetail, groups: Sequence[Group]) -> Iterator[PendingActivity]:
    """Where the description does not name an activity's queue, the history does."""
    named = {
        group.pending.id: gateway.text(group.head, "task_queue.name")
        for group in groups
        if group.pending is not None and not group.pending.task_queue
    }
    for one in run.activities:
        yield replace(one, task_queue=named[one.id]) if named.get(one.id) else one


def _queues(run: RunDetail) -> dict[str, Queue]:
    """The run's own and those of its activities, the failing and the oldest first."""
    oldest = sorted(run.activities, key=lambda a: (not a.failing, a.scheduled_at or gateway.EPOCH))
    names = dict.fromkeys([run.summary.task_queue, *(one.task_queue for one in oldest)])
    found = {}
    for name in [one for one in names if one][:QUEUES_MAX]:
        try:
            found[name] = task_queues.describe(run.summary.key.namespace, name)
        except GatewayError:
            continue
    return found


def _handlers(facts: Facts) -> metadata.Handlers | None:
    """Asked only where somebody can answer."""
    summary, queue = facts.run.summary, facts.queue
    if queue is None or not alive(queue.workflow, facts.now):
        return None
    return metadata.handlers(summary.key, summary.history_length)


def _follow(run: RunDetail, groups: Sequence[Group], walk: Walk) -> Followed | None:
    """The first child that is in trouble, else the one that is open longest."""
    found = None
    for key in _candidates(run, groups):
        if walk.left <= 0 or not walk.sees(key.namespace):
            break
        walk.left -= 1
        standing = _standing(key, walk)
        if standing is None:
            continue
        if found is None or standing.in_trouble:
            found = Followed(key, standing, len(run.children) - 1)
        if standing.in_trouble:
            break
    return found


def _candidates(run: RunDetail, groups: Sequence[Group]) -> Iterator[RunKey]:
    if run.children[1:]:
        yield from _failing(run.summary.key)
    spaces = {
        group.id: gateway.text(group.head, "namespace")
        for group in groups
        if group.category == "child"
    }
    begun = [one for one in run.children if one.run_id]
    for child in begun[:CHILDREN_MAX]:
        yield _key(child, spaces.get(child.initiated_event_id) or run.summary.key.namespace)


def _key(child: PendingChild, namespace: str) -> RunKey:
    return RunKey(namespace, child.workflow_id, child.run_id)


def _failing(parent: RunKey) -> Iterator[RunKey]:
    """Our own index knows which of thousands fails."""
    query = (
        f"ParentRunId = {quoted(parent.run_id)} AND (ExecutionStatus = 'Paused' OR"
        " ExecutionStatus = 'Running'"
        " AND (FailingActivityCount > 0 OR TemporalReportedProblems IS NOT NULL))"
    )
    try:
        if namespaces.attributes(parent.namespace).ours:
            yield from (one.key for one in workflows.find(parent.namespace, query, 1).runs)
    except GatewayError:
        return


def _standing(key: RunKey, walk: Walk) -> Standing | None:
    with sight.into(key.namespace):
        try:
            run = workflows.describe(key)
            known = read(key, run.summary.history_length)
        except GatewayError:
            return None
        return look(run, grouped(known.events, run.activities), known.events, walk)
