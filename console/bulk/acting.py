"""One target: the act, and what came of it."""

import threading
from collections.abc import Callable

from console.audit.record import identity
from console.bulk.models import BulkOperation, BulkTarget, State, Verb
from console.bulk.outcomes import Outcome
from console.gateway import once, steering
from console.gateway.channel import GatewayError, Trouble

#: Waits between tries of one target while the engine is away, slow or at a limit.
PATIENCE_SECONDS = (0.5, 1.0, 2.0, 4.0)
PASSING = (Trouble.AWAY, Trouble.SLOW, Trouble.BUSY)


class NoPoint(Exception):
    """The run has completed no workflow task, so there is nothing to reset to."""


def act(
    operation: BulkOperation, target: BulkTarget, *, again: bool, alive: Callable[[], None]
) -> Outcome:
    """`again`: an earlier try of this target never said what came of it."""
    for wait in (*PATIENCE_SECONDS, None):
        try:
            return Outcome(State.DONE, new_run_id=_do(operation, target))
        except NoPoint as refused:
            return Outcome(State.FAILED, str(refused))
        except GatewayError as error:
            if error.trouble is Trouble.NOT_FOUND:
                return _gone(target, again, error)
            if error.trouble not in PASSING or wait is None:
                return Outcome(State.FAILED, _says(error))
        again = True
        _rest(wait, alive)
    raise AssertionError("the last try always answers")


def _rest(seconds: float, alive: Callable[[], None]) -> None:
    alive()
    threading.Event().wait(seconds)
    alive()


def _do(operation: BulkOperation, target: BulkTarget) -> str:
    who, reason = identity(operation.person), f"{operation.reason} ({operation})"
    match Verb(operation.verb):
        case Verb.TERMINATE:
            once.terminate(target.key, reason, who, target.request_id)
        case Verb.CANCEL:
            once.cancel(target.key, reason, who, target.request_id)
        case Verb.SIGNAL:
            arguments = [] if operation.signal_input is None else [operation.signal_input]
            once.signal(target.key, operation.signal_name, arguments, who, target.request_id)
        case Verb.RESET:
            return _reset(operation, target, who, reason)
    return ""


def _reset(operation: BulkOperation, target: BulkTarget, who: str, reason: str) -> str:
    point = once.reset_point(target.key, first=operation.reset_to == "first")
    if point is None:
        raise NoPoint("It has completed no workflow task yet: there is no point to go back to.")
    new = steering.reset(target.key, point, reason, identity=who, request_id=target.request_id)
    return new.run_id


def _gone(target: BulkTarget, again: bool, error: GatewayError) -> Outcome:
    """Closed, or past its retention. Perhaps by an earlier try of ours."""
    if again:
        try:
            if (event_id := once.trace(target.key, target.request_id)) is not None:
                return Outcome(State.DONE, f"done by an earlier try: event {event_id}")
        except GatewayError as gone:
            if gone.trouble is not Trouble.NOT_FOUND:
                return Outcome(State.FAILED, _says(gone))
    return Outcome(State.CLOSED, f"closed since the list was frozen: {error.detail}")


def _says(error: GatewayError) -> str:
    return (
        f"{error} {error.detail}" if error.detail and error.detail not in str(error) else str(error)
    )
