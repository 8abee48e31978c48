"""The workflow task: who could take it, and what becomes of it. Pure."""

from dataclasses import replace
from datetime import timedelta

from console.gateway import events as gateway
from console.ui import words
from console.workflows.causes.facts import Facts, alive
from console.workflows.causes.standing import STUCK, Standing
from console.workflows.groups import Group

#: Code that decides is done in milliseconds; a task is not picked up at once only under load.
SLOW_AFTER = timedelta(seconds=5)
BACKLOG_AFTER = timedelta(seconds=10)
#: what the protocol takes where nobody said
TASK_TIMEOUT = timedelta(seconds=10)
NON_DETERMINISM = "NonDeterministicError"


def fails(facts: Facts) -> Standing | None:
    task = facts.run.task
    if task is None or task.attempt <= 1:
        return None
    last = _last_bad(facts)
    if last is not None and last.outcome == "timed-out":
        limit = words.span(facts.run.task_timeout or TASK_TIMEOUT)
        says = (
            f" times out, attempt {task.attempt} by now: a worker takes it and does not answer"
            f" within {limit}. Its code blocks, or the worker dies of it."
        )
        return Standing("workflow-task-times-out", "timed-out", STUCK, "Its workflow task", says)
    failure = gateway.failure(last.closing) if last and last.closing else None
    if last and last.closing and gateway.task_failed_because(last.closing) == NON_DETERMINISM:
        says = (
            f" does not fit this history, in attempt {task.attempt} of the same workflow task:"
            " run again, it would do something else than what is recorded here."
        )
        subject = "The code that is deployed"
        return Standing("non-determinism", "failed", STUCK, subject, says, failure=failure)
    says = (
        f" in attempt {task.attempt} of the same workflow task."
        " The code that is deployed cannot go on; it is tried again until it can."
    )
    subject = "The workflow's own code fails"
    return Standing("workflow-code-fails", "failed", STUCK, subject, says, failure=failure)


def _last_bad(facts: Facts) -> Group | None:
    """Only the first of a row of failing tasks is in the history."""
    bad = (
        group
        for group in reversed(facts.groups)
        if group.category == "task" and group.outcome in {"failed", "timed-out"}
    )
    return next(bad, None)


def nobody_polls(facts: Facts) -> Standing | None:
    task, queue = facts.run.task, facts.queue
    if task is None or task.state != "scheduled" or queue is None:
        return None
    if alive(queue.workflow, facts.now):
        return None
    since = f" since {words.clock(task.scheduled_at)}" if task.scheduled_at else ""
    if others := alive(queue.activity, facts.now):
        says = (
            f" asks for workflow tasks of {queue.name}{since}, though"
            f" {words.plural(others, 'worker polls', 'workers poll')} it for activities."
        )
        return Standing("only-activity-workers", "starving", STUCK, "Nobody", says)
    says = f" asks for workflow tasks of {queue.name}{since}. A worker that polls lets it go on."
    return Standing("no-workflow-worker", "starving", STUCK, "Nobody", says)


def waits_its_turn(facts: Facts) -> Standing | None:
    task, queue = facts.run.task, facts.queue
    if task is None or queue is None or task.state != "scheduled" or task.scheduled_at is None:
        return None
    if facts.now - task.scheduled_at < BACKLOG_AFTER:
        return None
    says = f" waits since {words.clock(task.scheduled_at)}{behind(facts, queue.name)}"
    return Standing("workflow-backlog", "starving", STUCK, "Its workflow task", says)


def update_waits(facts: Facts) -> Standing | None:
    """Nothing but an update makes a workflow task that no event tells of."""
    task, named = facts.run.task, _admitted(facts)
    if task is None or task.attempt > 1 or not (named or _is_eventless(facts)):
        return None
    found = nobody_polls(facts) or takes_long(facts) or waits_its_turn(facts)
    if found is None:
        return None
    subject = f"The update {named}" if named else "An update"
    says = f" is not accepted yet: {found.subject[0].lower()}{found.subject[1:]}{found.says}"
    return replace(found, cause="update-not-accepted", subject=subject, says=says)


def _admitted(facts: Facts) -> str:
    """After a reset the history has the updates that are to be taken once more."""
    tasks = [group for group in facts.groups if group.category == "task"]
    done = max((one.closing.id for one in tasks if one.closing), default=0)
    names = (
        group.name
        for group in facts.groups
        if group.head.step == "admitted" and group.closing is None and group.id > done
    )
    return next(names, "")


def _is_eventless(facts: Facts) -> bool:
    """The official server shows events of such a task, beyond the history's length."""
    length = facts.run.summary.history_length
    return facts.is_whole and all(one.id > length for one in facts.open("task"))


def behind(facts: Facts, name: str, *, activity: bool = False) -> str:
    queue = facts.queues[name]
    side = queue.activity if activity else queue.workflow
    count = words.plural(alive(side, facts.now), "worker polls", "workers poll")
    backlog = f"; {words.plural(side.backlog, 'task waits', 'tasks wait')}" if side.backlog else ""
    return f" for its turn: {count} {name} and take no more{backlog}."


def takes_long(facts: Facts) -> Standing | None:
    task = facts.run.task
    if task is None or task.state != "started" or task.started_at is None:
        return None
    if facts.now - task.started_at < SLOW_AFTER:
        return None
    says = (
        f" holds its workflow task since {words.clock(task.started_at)}, far longer than code"
        " that only decides may take. If it died, the task goes to another "
    )
    limit = task.started_at + (facts.run.task_timeout or TASK_TIMEOUT)
    return Standing("workflow-task-slow", "starving", STUCK, "A worker", says, next_at=limit)
