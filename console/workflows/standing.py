"""Why a run stands where it stands, in a sentence: stuck, starving, waiting, running or ended.
Pure.

Rules over the description, the queue's pollers, and the open groups of the history; the first that
holds speaks.

    ended badly ▶ workflow code fails ▶ nobody polls ▶ an activity fails ▶ an activity runs
    ▶ waits for timer, child ▶ waits to be told ▶ ended well
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.gateway import events as gateway
from console.gateway import payloads
from console.gateway.events import Event
from console.gateway.payloads import Failure
from console.gateway.runs import PendingActivity, RunDetail
from console.gateway.task_queues import Queue
from console.ui import words
from console.workflows.groups import Group

GONE_AFTER = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Standing:
    """`tone`: the status that colours it. Text between the parts is plain; `subject` is strong."""

    tone: str
    title: str
    subject: str
    says: str
    next_at: datetime | None = None
    after: str = ""
    failure: Failure | None = None
    activity: PendingActivity | None = None

    @property
    def in_trouble(self) -> bool:
        return self.tone in {"retrying", "starving", "failed", "timed-out"}


@dataclass(frozen=True, slots=True)
class Workers:
    """Who could do the work that is waited for."""

    queue: str
    backlog: int
    polling: int
    last_seen_at: datetime | None
    last_tried_by: str


def standing(
    run: RunDetail, groups: Sequence[Group], close: Event | None, queue: Queue | None, now: datetime
) -> Standing:
    if not run.summary.is_open:
        return _ended(run, close)
    return (
        _code_fails(run, groups)
        or _nobody_polls(run, queue, now)
        or _activity_fails(run, queue, now)
        or _activity_runs(run)
        or _waits(run, groups)
    )


def _ended(run: RunDetail, close: Event | None) -> Standing:
    summary = run.summary
    failure = gateway.failure(close) if close else None
    at = words.clock(summary.closed_at)
    match summary.status:
        case "Failed":
            cause = payloads.root_cause(failure) if failure else None
            says = f" at {at}" + (f": {cause.type}: {cause.message}" if cause else ".")
            return Standing(
                "failed", "Why did it fail?", "The workflow failed", says, failure=failure
            )
        case "TimedOut":
            says = f" at {at}: it did not end within its time limit."
            return Standing("timed-out", "Why did it time out?", "The run timed out", says)
        case "Terminated":
            return Standing("terminated", "Terminated", "Somebody ended it", _by(close, at))
        case "Canceled":
            return Standing(
                "canceled", "Canceled", "The workflow accepted its cancellation", f" at {at}."
            )
        case "ContinuedAsNew":
            return Standing(
                "continued", "Continued as new", "It goes on in another run", f" since {at}."
            )
        case _:
            return Standing("completed", "Completed", "It returned a result", f" at {at}.")


def _by(close: Event | None, at: str) -> str:
    if close is None:
        return f" at {at}."
    reason = gateway.text(close, "reason")
    who = gateway.identity(close)
    return f" at {at}{f', {who}' if who else ''}{f': “{reason}”' if reason else '.'}"


def _code_fails(run: RunDetail, groups: Sequence[Group]) -> Standing | None:
    if run.task is None or run.task.attempt <= 1:
        return None
    failed = next(
        (g.closing for g in reversed(groups) if g.category == "task" and g.outcome == "failed"),
        None,
    )
    says = (
        f" in attempt {run.task.attempt} of the same workflow task."
        " The code that is deployed cannot go on; it is tried again until it can."
    )
    return Standing(
        "failed",
        "Why is this stuck?",
        "The workflow's own code fails",
        says,
        failure=gateway.failure(failed) if failed else None,
    )


def _nobody_polls(run: RunDetail, queue: Queue | None, now: datetime) -> Standing | None:
    if (
        run.task is None
        or run.task.state != "scheduled"
        or queue is None
        or alive(queue.workflow.pollers, now)
    ):
        return None
    since = f" since {words.clock(run.task.scheduled_at)}" if run.task.scheduled_at else ""
    says = f" asks for workflow tasks of {queue.name}{since}. A worker that polls lets it go on."
    return Standing("starving", "Why is this stuck?", "Nobody", says)


def _activity_fails(run: RunDetail, queue: Queue | None, now: datetime) -> Standing | None:
    failing = sorted((a for a in run.activities if a.failing), key=lambda a: -a.attempt)
    if not failing:
        return None
    worst = failing[0]
    paused = worst.paused
    last = f" Attempt {worst.attempt - (0 if worst.state == 'started' else 1)} failed"
    at = f" at {words.clock(worst.completed_at)}" if worst.completed_at else ""
    end = " It is paused and will not be tried again until someone resumes it." if paused else ""
    more = (
        f" {words.plural(len(failing) - 1, 'other activity', 'other activities')} fail too."
        if failing[1:]
        else ""
    )
    because = worst.failure.message if worst.failure else ""
    return Standing(
        "paused" if paused else "retrying",
        "Why is this stuck?",
        worst.type,
        f" keeps failing: {because.rstrip('.')}.{last}{at}{_now_trying(worst, queue, now)}",
        next_at=worst.next_try_at if _is_ahead(worst, now) else None,
        after=f"{end}{_limit(worst)}{more}",
        failure=worst.failure,
        activity=worst,
    )


def _is_ahead(activity: PendingActivity, now: datetime) -> bool:
    waits = activity.state != "started" and not activity.paused
    return waits and activity.next_try_at is not None and activity.next_try_at > now


def _now_trying(activity: PendingActivity, queue: Queue | None, now: datetime) -> str:
    if activity.paused:
        return "."
    if activity.state == "started":
        return f"; attempt {activity.attempt} runs since {words.clock(activity.started_at)}."
    if _is_ahead(activity, now):
        return "; the next try is in "
    starving = queue is not None and not alive(queue.activity.pollers, now)
    nobody = f", and nobody polls {queue.name}" if queue is not None and starving else ""
    return f"; attempt {activity.attempt} waits for a worker{nobody}."


def _limit(activity: PendingActivity) -> str:
    if activity.paused:
        return ""
    if activity.attempts_max:
        return f" It will be tried {activity.attempts_max} times in all."
    if activity.expires_at:
        until = f"{words.day(activity.expires_at)} {words.clock(activity.expires_at)}"
        return f" It will retry until {until}."
    return " It will retry without end."


def _activity_runs(run: RunDetail) -> Standing | None:
    if not run.activities:
        return None
    oldest = min(run.activities, key=lambda a: a.scheduled_at or gateway.EPOCH)
    others = len(run.activities) - 1
    more = f" {words.plural(others, 'more is', 'more are')} open." if others else ""
    if oldest.state == "scheduled":
        says = f" waits since {words.clock(oldest.scheduled_at)} for a worker to take it.{more}"
        return Standing("running", "What it waits for", oldest.type, says, activity=oldest)
    beat = f"; last heartbeat {words.clock(oldest.heartbeat_at)}" if oldest.heartbeat_at else ""
    says = f" runs since {words.clock(oldest.started_at)}{beat}.{more}"
    return Standing("running", "What it waits for", oldest.type, says, activity=oldest)


def _waits(run: RunDetail, groups: Sequence[Group]) -> Standing:
    timers = [g for g in groups if g.category == "timer" and g.is_open and g.fires_at]
    parts = []
    if run.children:
        first = run.children[0].workflow_id
        more = f" and {len(run.children) - 1} more" if run.children[1:] else ""
        parts.append(f"the child workflow {first}{more}")
    if timers:
        parts.append("a timer")
    if run.summary.status == "Paused":
        return Standing(
            "paused", "Paused", "Somebody paused this run", "; it goes on when it is resumed."
        )
    if timers:
        soonest = min(g.fires_at for g in timers if g.fires_at)
        says = f" {words.join(parts)}; the next timer fires in "
        return Standing(
            "running", "What it waits for", "It waits for", says, next_at=soonest, after="."
        )
    if parts:
        return Standing("running", "What it waits for", "It waits for", f" {words.join(parts)}.")
    if run.task is not None:
        return Standing("running", "Running", "A worker", " runs its code now.")
    return Standing(
        "running", "What it waits for", "It waits to be told", ": a signal or an update."
    )


def alive(pollers: Sequence[object], now: datetime) -> int:
    seen = (getattr(one, "last_seen_at", None) for one in pollers)
    return sum(1 for at in seen if at is not None and now - at < GONE_AFTER)


def workers(queue: Queue, activity: PendingActivity | None, now: datetime) -> Workers:
    side = queue.activity if activity else queue.workflow
    seen = [one.last_seen_at for one in side.pollers if one.last_seen_at]
    return Workers(
        queue=queue.name,
        backlog=side.backlog,
        polling=alive(side.pollers, now),
        last_seen_at=max(seen, default=None),
        last_tried_by=activity.worker if activity else "",
    )
