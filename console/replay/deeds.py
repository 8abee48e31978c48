"""A reset, and a replay check, of each run of a frozen list."""

from console.gateway import once, replaying, steering
from console.gateway.channel import GatewayError, Trouble
from console.gateway.deeds import Deed, Done, NothingToDo, Order, Turn, Unsuited
from console.gateway.runs import RunKey
from console.replay import aims, cohort, looking, planner
from console.replay.aims import Aim
from console.replay.forms import CheckForm, CohortResetForm


def reset(order: Order, turn: Turn) -> Done:
    if turn.again and (before := once.was_reset_into(turn.key, order.reason, order.names)):
        return Done("done by an earlier try", before)
    told = order.told
    new = steering.reset(
        turn.key,
        _point(turn.key, aims.of(told)),
        order.reason,
        identity=order.who,
        request_id=turn.request_id,
        keep_signals=told.get("keep_signals", True),
        keep_updates=told.get("keep_updates", True),
    )
    return Done(new_run_id=new.run_id)


def _point(key: RunKey, aim: Aim) -> int:
    """The two ends are found without reading all of it."""
    if aim.to in {aims.LAST, aims.FIRST}:
        point = once.reset_point(key, first=aim.to == aims.FIRST)
    else:
        point = aims.point(planner.steps(looking.whole_history(key)), aim)
    if point is None:
        raise Unsuited(aim.misses)
    return point


def check(order: Order, turn: Turn) -> Done:
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
    if broke is None and verdict.compatible:
        return Done()
    if broke is not None and order.told.get("to"):
        point = _point(turn.key, aims.of(order.told))
        if broke.event_id >= point:
            return Done(f"fits once it is reset to event {point}: it parts at {broke.event_id}")
        if not broke.event_id or broke.or_later:
            raise NothingToDo(f"{verdict.says} Whether that is after event {point} was not said.")
    if broke is None:
        raise Unsuited(verdict.says)
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
        preview_by=("to", "at", "build", "activity", "tasks"),
        says="The run that is reset is closed, and a new one goes on from there: activities after"
        " that point run again.",
    ),
    Deed(
        "replay-check", "replay.check", "Replay-check", "fit", CheckForm, check, changes=False,
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
