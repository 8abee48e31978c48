"""One target: the act, and what came of it. It knows no database: many hands do it side by side."""

import threading

from console.bulk.models import State
from console.bulk.outcomes import Outcome
from console.gateway.channel import GatewayError, Trouble
from console.gateway.deeds import Deed, NothingToDo, Order, Turn, Unsuited

#: Waits between tries of one target while the engine is away, slow or at a limit.
PATIENCE_SECONDS = (0.5, 1.0, 2.0, 4.0)
PASSING = (Trouble.AWAY, Trouble.UNSEARCHED, Trouble.SLOW, Trouble.BUSY)


def act(deed: Deed, order: Order, turn: Turn) -> Outcome:
    for wait in (*PATIENCE_SECONDS, None):
        try:
            done = deed.do(order, turn)
        except NothingToDo as passed:
            return _traced(deed, order, turn) or Outcome(State.CLOSED, str(passed))
        except Unsuited as refused:
            return Outcome(State.FAILED, str(refused), facts=refused.facts)
        except GatewayError as error:
            if error.trouble is Trouble.NOT_FOUND:
                says = f"closed since the list was frozen: {error.detail}"
                return _traced(deed, order, turn) or Outcome(State.CLOSED, says)
            if error.trouble not in PASSING or wait is None:
                return Outcome(State.FAILED, _says(error))
            turn = Turn(turn.key, turn.request_id, again=True)
            threading.Event().wait(wait)
        else:
            return Outcome(State.DONE, done.says, done.new_run_id)
    raise AssertionError("the last try always answers")


def _traced(deed: Deed, order: Order, turn: Turn) -> Outcome | None:
    """Closed, gone, or done already: perhaps by an earlier try of ours."""
    if not turn.again:
        return None
    try:
        says = deed.trace(order, turn)
    except GatewayError as gone:
        if gone.trouble is Trouble.NOT_FOUND:
            return None
        return Outcome(State.FAILED, _says(gone))
    return Outcome(State.DONE, says) if says else None


def _says(error: GatewayError) -> str:
    return (
        f"{error} {error.detail}" if error.detail and error.detail not in str(error) else str(error)
    )
