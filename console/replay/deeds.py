"""A reset, and a replay check, of each run of a frozen list."""

from console.gateway import once, replaying, steering
from console.gateway.channel import GatewayError, Trouble
from console.gateway.deeds import Deed, Done, NothingToDo, Order, Turn, Unsuited
from console.gateway.runs import RunKey
from console.offering.deed_forms import NothingMore
from console.replay import cohort, looking, planner
from console.replay.forms import CohortResetForm


def reset(order: Order, turn: Turn) -> Done:
    if turn.again and (before := once.was_reset_into(turn.key, order.reason, order.who)):
        return Done("done by an earlier try", before)
    told = order.told
    new = steering.reset(
        turn.key,
        _point(turn.key, told["to"]),
        order.reason,
        identity=order.who,
        request_id=turn.request_id,
        keep_signals=told.get("keep_signals", True),
        keep_updates=told.get("keep_updates", True),
    )
    return Done(new_run_id=new.run_id)


def _point(key: RunKey, to: str) -> int:
    if to == cohort.FAILED:
        if found := planner.before_failure(planner.steps(looking.whole_history(key))):
            return found
        raise Unsuited("None of its activities failed for good: there is no such point.")
    point = once.reset_point(key, first=to == cohort.FIRST)
    if point is None:
        raise Unsuited("It has completed no workflow task yet: there is no point to go back to.")
    return point


def check(_order: Order, turn: Turn) -> Done:
    """Changes nothing, so whoever begins it again does no harm."""
    try:
        verdict = replaying.check(turn.key)
    except GatewayError as error:
        if error.trouble is not Trouble.NOT_FOUND:
            raise
        raise NothingToDo("gone since the list was frozen") from error
    if verdict.compatible is None:
        raise NothingToDo(verdict.says)
    broke = verdict.broke
    if broke is None:
        return Done()
    facts: dict[str, str | int] = {
        "event": broke.event_id,
        "kind": broke.kind,
        "expected": broke.expected,
        "found": broke.found,
    }
    raise Unsuited(verdict.says, facts)


DEEDS = (
    Deed(
        "reset", "run.reset", "Reset", "reset", CohortResetForm, reset, is_final=True,
        preview=cohort.preview, preview_page="replay/cohort.html",
        says="The run that is reset is closed, and a new one goes on from there: activities after"
        " that point run again.",
    ),
    Deed(
        "replay-check", "replay.check", "Replay-check", "fit", NothingMore, check, changes=False,
        says="Each recorded history is run by the code that is deployed now, and nothing is"
        " changed. A worker goes through the whole history for it: choose a rate that your workers"
        " bear. Where none answers within half a minute, nobody could say.",
        words={"failed": "would break", "closed": "nobody could say"},
        facts={
            "event": "Event",
            "kind": "Event type",
            "expected": "Expected, by the code",
            "found": "Found, in the history",
        },
        alike=("kind", "expected", "found"),
    ),
)  # fmt: skip
