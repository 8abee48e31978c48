"""Pending activities: each rule looks at all, and speaks of the worst that it fits. Pure."""

from collections.abc import Iterable
from datetime import datetime

from console.gateway import events as gateway
from console.gateway.runs import Pause, PendingActivity
from console.gateway.task_queues import Queue
from console.ui import words
from console.workflows.causes.code import BACKLOG_AFTER, behind
from console.workflows.causes.facts import Facts, alive, polling
from console.workflows.causes.standing import STUCK, WAITS, Standing


def fail(facts: Facts) -> Standing | None:
    failing = sorted(
        (one for one in facts.run.activities if one.failing and not one.paused),
        key=lambda one: -one.attempt,
    )
    if not failing:
        return None
    worst = failing[0]
    last = f" Attempt {worst.attempt - (0 if worst.state == 'started' else 1)} failed"
    at = f" at {words.clock(worst.completed_at)}" if worst.completed_at else ""
    more = (
        f" {words.plural(len(failing) - 1, 'other activity fails', 'other activities fail')} too."
        if failing[1:]
        else ""
    )
    because = worst.failure.message if worst.failure else ""
    return Standing(
        "no-activity-worker" if _starves(worst, facts) else "activity-fails",
        "retrying",
        STUCK,
        worst.type,
        f" keeps failing: {because.rstrip('.')}.{last}{at}{_now_trying(worst, facts)}",
        next_at=worst.next_try_at if _is_ahead(worst, facts.now) else None,
        after=f"{_limit(worst)}{more}",
        failure=worst.failure,
        activity=worst,
    )


def _is_ahead(activity: PendingActivity, now: datetime) -> bool:
    waits = activity.state != "started" and not activity.paused
    return waits and activity.next_try_at is not None and activity.next_try_at > now


def _starves(activity: PendingActivity, facts: Facts) -> bool:
    if activity.state != "scheduled" or _is_ahead(activity, facts.now):
        return False
    queue = facts.queue_of(activity)
    return queue is not None and not alive(queue.activity, facts.now)


def _now_trying(activity: PendingActivity, facts: Facts) -> str:
    if activity.state == "started":
        return f"; attempt {activity.attempt} runs since {words.clock(activity.started_at)}."
    if _is_ahead(activity, facts.now):
        return "; the next try is "
    queue = facts.queue_of(activity)
    nobody = f", and nobody polls {queue.name}" if queue and _starves(activity, facts) else ""
    return f"; attempt {activity.attempt} waits for a worker{nobody}."


def _limit(activity: PendingActivity) -> str:
    if activity.attempts_max:
        return f" It will be tried {activity.attempts_max} times in all."
    if activity.expires_at:
        until = f"{words.day(activity.expires_at)} {words.clock(activity.expires_at)}"
        return f" It will retry until {until}."
    return " It will retry without end."


def are_paused(facts: Facts) -> Standing | None:
    one = _first(one for one in facts.run.activities if one.paused)
    if one is None:
        return None
    since = f" since {words.clock(one.pause.at)}" if one.pause and one.pause.at else ""
    by = _paused_by(one.pause)
    why = f": “{one.pause.reason}”" if one.pause and one.pause.reason else ""
    says = f" is paused{since}{by}{why}. It will not be tried again until someone resumes it."
    return _standing("activity-paused", "paused", one, says)


def _paused_by(pause: Pause | None) -> str:
    if pause is None or not (pause.rule or pause.who):
        return ""
    of = f" of {pause.who}" if pause.who else ""
    return f", by the rule {pause.rule}{of}" if pause.rule else f", by {pause.who}"


def wait_for_nobody(facts: Facts) -> Standing | None:
    for one in _oldest_first(facts):
        queue = facts.queue_of(one)
        if queue is None or not _starves(one, facts):
            continue
        since = f"{one.type} waits since {words.clock(one.scheduled_at)}"
        if others := alive(queue.workflow, facts.now):
            says = (
                f" asks for activities of {queue.name}, though"
                f" {words.plural(others, 'worker polls', 'workers poll')} it for workflows:"
                f" {since}."
            )
            return Standing(
                "only-workflow-workers", "starving", STUCK, "Nobody", says, activity=one
            )
        says = f" asks for activities of {queue.name}: {since}."
        return Standing("no-activity-worker", "starving", STUCK, "Nobody", says, activity=one)
    return None


def wait_their_turn(facts: Facts) -> Standing | None:
    for one in _oldest_first(facts):
        queue = facts.queue_of(one)
        if one.state != "scheduled" or one.scheduled_at is None or queue is None:
            continue
        if facts.now - one.scheduled_at >= BACKLOG_AFTER and not _is_ahead(one, facts.now):
            since = f" waits since {words.clock(one.scheduled_at)}"
            if bound := _bound(queue):
                return _standing("queue-limited", "starving", one, f"{since}: {bound}")
            says = f"{since}{behind(facts, queue.name, activity=True)}"
            return _standing("activity-backlog", "starving", one, says)
    return None


def _bound(queue: Queue) -> str:
    """What an operator set of the queue, where that is what a task waits for."""
    limits = queue.activity.limits
    rate = limits.rate
    if rate.per_second is None or not (limits.is_reached or rate.per_second == 0):
        return ""
    per_second = f"at most {rate.per_second:g} activity tasks a second"
    because = f": “{rate.reason}”" if rate.reason else ""
    much = per_second if rate.per_second else "no activity task"
    return f"{queue.name} lets out {much}, set by {rate.who or 'somebody'}{because}."


def ignore_cancel(facts: Facts) -> Standing | None:
    one = _first(one for one in facts.run.activities if one.state == "cancel_requested")
    if one is None:
        return None
    if one.options is None or one.options.heartbeat_timeout:
        beat = f"; the last was at {words.clock(one.heartbeat_at)}" if one.heartbeat_at else ""
        says = f" was asked to cancel and goes on. It hears of it with its next heartbeat{beat}."
    else:
        says = " was asked to cancel and goes on. Without a heartbeat it does not hear of it."
    return _standing("activity-ignores-cancel", "retrying", one, says)


def beat_late(facts: Facts) -> Standing | None:
    for one in _running(facts):
        every = one.options.heartbeat_timeout if one.options else None
        last = max(filter(None, (one.heartbeat_at, one.started_at)), default=None)
        if every is None or last is None or facts.now - last < every / 2:
            continue
        word = (
            "its last heartbeat was" if one.heartbeat_at else "it has sent no heartbeat; it began"
        )
        says = (
            f" is late: {word} at {words.clock(last)}, and one is due every {words.span(every)}."
            " This attempt is given up "
        )
        return _standing("heartbeat-late", "retrying", one, says, next_at=last + every)
    return None


def lost_their_worker(facts: Facts) -> Standing | None:
    for one in _running(facts):
        queue = facts.queue_of(one)
        if queue is None or not one.worker or one.worker in polling(queue.activity, facts.now):
            continue
        says = (
            f" runs since {words.clock(one.started_at)} on {one.worker}, which no longer polls"
            f" {queue.name}: it is gone, or busy to the full.{_noticed(one)}"
        )
        return _standing("worker-gone", "retrying", one, says, next_at=_given_up_at(one))
    return None


def _noticed(activity: PendingActivity) -> str:
    if _given_up_at(activity) is None:
        return " No time limit ends this attempt."
    return " If it is gone, the engine notices "


def _given_up_at(activity: PendingActivity) -> datetime | None:
    begun, options = activity.started_at, activity.options
    if begun is None or options is None:
        return None
    beat = activity.heartbeat_at or begun
    ends = (
        begun + options.start_to_close_timeout if options.start_to_close_timeout else None,
        beat + options.heartbeat_timeout if options.heartbeat_timeout else None,
        activity.expires_at,
    )
    return min((one for one in ends if one is not None), default=None)


def run_on(facts: Facts) -> Standing | None:
    """Nothing is wrong with these, as far as one sees."""
    if not facts.run.activities:
        return None
    one = next(iter(_oldest_first(facts)))
    others = len(facts.run.activities) - 1
    more = f" {words.plural(others, 'more is', 'more are')} open." if others else ""
    if one.state == "scheduled":
        says = f" waits since {words.clock(one.scheduled_at)} for a worker to take it.{more}"
        return _standing("activity-runs", "running", one, says)
    if one.options is not None and not one.options.heartbeat_timeout:
        says = (
            f" runs since {words.clock(one.started_at)} and gives no sign: no heartbeat is asked"
            " of it. It works, or it waits for somebody to complete it from outside."
        )
        return _standing("activity-silent", "running", one, says + more)
    beat = f"; last heartbeat {words.clock(one.heartbeat_at)}" if one.heartbeat_at else ""
    says = f" runs since {words.clock(one.started_at)}{beat}.{more}"
    return _standing("activity-runs", "running", one, says)


def _standing(
    cause: str, tone: str, one: PendingActivity, says: str, next_at: datetime | None = None
) -> Standing:
    title = WAITS if tone == "running" else STUCK
    return Standing(cause, tone, title, one.type, says, next_at=next_at, activity=one)


def _running(facts: Facts) -> Iterable[PendingActivity]:
    return (one for one in _oldest_first(facts) if one.state == "started")


def _oldest_first(facts: Facts) -> list[PendingActivity]:
    return sorted(facts.run.activities, key=lambda one: one.scheduled_at or gateway.EPOCH)


def _first(found: Iterable[PendingActivity]) -> PendingActivity | None:
    return next(iter(found), None)
