"""Tasks that only workers of one version may have, and none of those asks for them. Pure."""

from datetime import datetime

from console.gateway.runs import PendingActivity, WorkerVersion
from console.gateway.task_queues import Poller, Side
from console.ui import words
from console.workflows.causes.facts import Facts, at_hand
from console.workflows.causes.standing import STUCK, Standing


def nobody_may_take_the_task(facts: Facts) -> Standing | None:
    task, queue = facts.run.task, facts.queue
    if task is None or task.state != "scheduled" or queue is None:
        return None
    asked = f"workflow tasks of {queue.name}{_since(task.scheduled_at)}"
    return _absent(facts.run.pinned_to, queue.workflow, asked, facts.now)


def nobody_may_take_an_activity(facts: Facts) -> Standing | None:
    """An activity is pinned with its run where it has the run's queue.

    Where nobody at all polls, it is enough to say so.
    """
    for one in facts.run.activities:
        queue = facts.queue_of(one)
        if queue is None or not at_hand(queue.activity, facts.now) or not _is_due(one, facts.now):
            continue
        pin = facts.run.pinned_to if queue is facts.queue else None
        asked = f"activities of {queue.name}, as {one.type} does{_since(one.scheduled_at)}"
        if found := _absent(pin, queue.activity, asked, facts.now):
            return found
    return None


def _is_due(activity: PendingActivity, now: datetime) -> bool:
    waits = activity.state == "scheduled" and not activity.paused
    return waits and (activity.next_try_at is None or activity.next_try_at <= now)


def _since(at: datetime | None) -> str:
    return f" since {words.clock(at)}" if at else ""


def _absent(pin: WorkerVersion | None, side: Side, asked: str, now: datetime) -> Standing | None:
    pollers = at_hand(side, now)
    if pin:
        return _pinned(pin, pollers, asked)
    if not pollers or side.ramps or any(one.version == side.current for one in pollers):
        return None
    if side.current:
        return _not_current(side.current, pollers, asked)
    return _none_current(pollers, asked)


def _pinned(pin: WorkerVersion, pollers: list[Poller], asked: str) -> Standing | None:
    if any(one.version == pin for one in pollers):
        return None
    says = f" asks for {asked}: the run is pinned to version {pin}.{_others(pollers)}"
    return _standing("pinned-version-gone", "No worker of its version", says, pin.deployment)


def _not_current(current: WorkerVersion, pollers: list[Poller], asked: str) -> Standing:
    says = f" asks for {asked}: they go to version {current}, which is current.{_others(pollers)}"
    subject = "No worker of the current version"
    return _standing("current-version-gone", subject, says, current.deployment)


def _none_current(pollers: list[Poller], asked: str) -> Standing:
    found = sorted({str(one.version) for one in pollers})
    deployment = next(one.version.deployment for one in pollers if one.version)
    says = (
        f" asks for {asked}, and no version is current there: those that poll, of"
        f" {words.join(found)}, may not have them."
    )
    return _standing("no-version-current", "No worker without a version", says, deployment)


def _others(pollers: list[Poller]) -> str:
    count = len({one.identity for one in pollers})
    other = words.plural(count, "other worker polls", "other workers poll")
    return f" {other} and may not have them." if count else ""


def _standing(cause: str, subject: str, says: str, deployment: str) -> Standing:
    return Standing(cause, "starving", STUCK, subject, says, deployment=deployment)
