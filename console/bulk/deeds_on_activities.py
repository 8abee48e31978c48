"""Try now, pause, resume, change options, complete, fail: the pending activities of a type.

The server reaches all of a type with one call, but for completing and failing: those go by the id,
one after the other. Only these two, and only their ends, leave an event in the history.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from console.bulk import forms, orders
from console.gateway import activities, histories, sight, workflows
from console.gateway.activities import Which
from console.gateway.channel import GatewayError, Trouble
from console.gateway.deeds import Deed, Done, NothingToDo, Order, Turn, Unsuited
from console.gateway.runs import PendingActivity
from console.offering import options
from console.ui import words

SOURCE = "perdure-console"
RUNS_NOW = frozenset({"started", "cancel_requested", "pause_requested"})
COMPLETED = "ActivityTaskCompleted"
FAILED = "ActivityTaskFailed"
CLOSED = "closed; it has no pending activities"


def _which(order: Order) -> Which:
    return Which(type=order.told["type"])


def try_now(order: Order, turn: Turn) -> Done:
    forgets = order.told["forgets_beat"]
    activities.reset(turn.key, _which(order), order.who, forgets_beat=forgets)
    return Done()


def pause(order: Order, turn: Turn) -> Done:
    activities.pause(turn.key, _which(order), order.reason, order.who)
    return Done()


def resume(order: Order, turn: Turn) -> Done:
    activities.resume(
        turn.key,
        _which(order),
        order.who,
        from_first=order.told["from_first"],
        forgets_beat=order.told["forgets_beat"],
    )
    return Done()


def change(order: Order, turn: Turn) -> Done:
    changes = options.values(order.told["options"])
    activities.change(turn.key, _which(order), changes, order.who)
    return Done()


def complete(order: Order, turn: Turn) -> Done:
    """What the workflow began after an earlier try of this turn is no part of it."""
    trail = _trail(COMPLETED, order, turn) if turn.again else Trail()
    found = [one for one in _pending(order, turn) if one.id not in trail.later]
    if not found:
        return Done(trail.says)
    result = orders.filled(order.told["result"], order.fills(turn))
    for one in found:
        activities.complete(turn.key, one.id, result, order.who)
    return _done(found)


def fail(order: Order, turn: Turn) -> Done:
    """Only an attempt that runs can be failed. One that this turn has failed already shows it."""
    told = order.told
    trail = _trail(FAILED, order, turn) if turn.again else Trail()
    found = [one for one in _pending(order, turn) if one.id not in trail.later]
    if not found:
        return Done(trail.says)
    before = [one for one in found if turn.again and _failed_by_us(order, one)]
    now = [one for one in found if one not in before and one.state in RUNS_NOW]
    if not before and not now:
        raise Unsuited("No attempt runs now; only one that runs can be failed.")
    for one in now:
        activities.fail(
            turn.key, one.id, told["message"], order.who, kind=told["kind"], final=told["final"]
        )
    return _done([*before, *now])


def _pending(order: Order, turn: Turn) -> Iterator[PendingActivity]:
    """Whose a failure is, its message tells: no mask covers a word of it here. It is not shown."""
    with sight.unmasked():
        run = workflows.describe(turn.key)
    if not run.summary.is_open:
        raise GatewayError(Trouble.NOT_FOUND, "The run has closed.", "the run has closed")
    found = [one for one in run.activities if one.type == order.told["type"]]
    if not found:
        raise NothingToDo(f"no pending activity {order.told['type']}")
    yield from found


def _failed_by_us(order: Order, one: PendingActivity) -> bool:
    return bool(
        one.failure is not None
        and (one.failure.source, one.failure.message) == (SOURCE, order.told["message"])
        and one.completed_at
        and order.earliest
        and one.completed_at >= order.earliest
    )


def _done(found: list[PendingActivity]) -> Done:
    return Done(words.plural(len(found), "activity", "activities") if len(found) > 1 else "")


@dataclass(frozen=True, slots=True)
class Trail:
    """What an earlier try left in the history. The end of an activity carries no request id: whose
    it is and since when tells it."""

    event_id: int = 0
    #: the activities that were scheduled after it
    later: frozenset[str] = frozenset()

    @property
    def says(self) -> str:
        return f"done by an earlier try: event {self.event_id}" if self.event_id else ""


def _trail(kind: str, order: Order, turn: Turn) -> Trail:
    """Up to the first end that is ours."""
    scheduled: set[str] = set()
    trail = Trail()
    since = order.earliest
    for event in histories.newest(turn.key, since):
        if since and event.at and event.at < since:
            continue
        if event.kind == "ActivityTaskScheduled":
            scheduled.add(event.attributes.activity_id)
        if event.kind == kind and event.attributes.identity in order.names:
            trail = Trail(event.id, frozenset(scheduled))
    return trail


def trace_completed(order: Order, turn: Turn) -> str:
    return _trail(COMPLETED, order, turn).says


def trace_failed(order: Order, turn: Turn) -> str:
    return _trail(FAILED, order, turn).says


DEEDS = (
    Deed(
        "activity-try", "activity.try", "Try activities now", "tried now", forms.TryForm, try_now,
        closed=CLOSED, of="Activities",
        says="The pause before the next attempt ends at once, and attempts are counted from the"
        " first again. A paused activity is resumed.",
    ),
    Deed(
        "activity-pause", "activity.pause", "Pause activities", "paused", forms.ActivityForm,
        pause, closed=CLOSED, of="Activities",
        says="No further attempt begins until somebody resumes it.",
    ),
    Deed(
        "activity-resume", "activity.resume", "Resume activities", "resumed", forms.ResumeForm,
        resume, closed=CLOSED, of="Activities", says="The next attempt begins at once.",
    ),
    Deed(
        "activity-options", "activity.change", "Change activity options", "changed",
        forms.OptionsForm, change, closed=CLOSED, of="Activities",
        says="A time-out holds at once, the rest from the next attempt on.",
    ),
    Deed(
        "activity-complete", "activity.complete", "Complete activities", "completed by hand",
        forms.CompleteForm, complete, trace_completed, closed=CLOSED, is_final=True,
        of="Activities",
        says="Each workflow goes on as if the activity had returned this result. Do it only for"
        " what was really done.",
    ),
    Deed(
        "activity-fail", "activity.fail", "Fail activities", "failed by hand", forms.FailForm,
        fail, trace_failed, closed=CLOSED, is_final=True, of="Activities",
        says="The attempt that runs now counts as failed with this failure.",
    ),
)  # fmt: skip
