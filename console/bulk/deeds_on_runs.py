"""Terminate, cancel, signal, update, pause, resume, delete."""

from collections.abc import Iterator
from contextlib import contextmanager

from console.bulk import forms, orders
from console.gateway import histories, namespaces, once, steering, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.deeds import Deed, Done, NothingToDo, Order, Turn, Unsuited
from console.offering.deed_forms import NothingMore


def terminate(order: Order, turn: Turn) -> Done:
    once.terminate(turn.key, order.reason, order.who, turn.request_id)
    return Done()


def cancel(order: Order, turn: Turn) -> Done:
    """A closed run takes the request without a word, and nothing becomes of it."""
    once.cancel(turn.key, order.reason, order.who, turn.request_id)
    if not workflows.describe(turn.key).summary.is_open and not trace(order, turn):
        raise NothingToDo("closed since the list was frozen")
    return Done()


def signal(order: Order, turn: Turn) -> Done:
    arguments = orders.filled(order.told["arguments"], order.fills(turn))
    once.signal(turn.key, order.told["name"], arguments, order.who, turn.request_id)
    return Done()


def update(order: Order, turn: Turn) -> Done:
    """The same update id never runs twice; what the validator refuses leaves no event."""
    answer = steering.update(
        turn.key,
        order.told["name"],
        orders.filled(order.told["arguments"], order.fills(turn)),
        identity=order.who,
        update_id=turn.request_id,
    )
    if answer.failure is not None:
        raise Unsuited(f"The workflow said no: {answer.failure.message}")
    if not answer.taken:
        raise Unsuited("No worker took it while the console waited; it may still be done.")
    if not answer.done:
        raise Unsuited("It was accepted, and had no end when the console stopped waiting.")
    return Done()


def pause(order: Order, turn: Turn) -> Done:
    """The server knows the request only as long as the run stays paused by it."""
    if turn.again and (says := trace(order, turn)):
        return Done(says)
    with _only_if("paused by somebody since the list was frozen"):
        steering.pause(turn.key, order.reason, order.who, turn.request_id)
    return Done()


def resume(order: Order, turn: Turn) -> Done:
    if turn.again and (says := trace(order, turn)):
        return Done(says)
    with _only_if("resumed by somebody since the list was frozen"):
        steering.resume(turn.key, order.reason, order.who, turn.request_id)
    return Done()


@contextmanager
def _only_if(otherwise: str) -> Iterator[None]:
    try:
        yield
    except GatewayError as error:
        if error.trouble is Trouble.CONFLICT:
            raise NothingToDo(otherwise) from error
        raise


def without_pauses(namespace: str) -> str:
    return "" if namespaces.pauses(namespace) else namespaces.NO_PAUSE


def delete(_order: Order, turn: Turn) -> Done:
    try:
        steering.delete(turn.key)
    except GatewayError as error:
        if error.trouble is not Trouble.NOT_FOUND:
            raise
        if turn.again:
            # Nothing is left that could tell whose deletion it was.
            return Done("gone since an earlier try")
        raise NothingToDo("gone since the list was frozen") from error
    return Done()


def trace(order: Order, turn: Turn) -> str:
    event_id = once.trace(turn.key, turn.request_id, order.earliest)
    return "" if event_id is None else f"done by an earlier try: event {event_id}"


def trace_update(order: Order, turn: Turn) -> str:
    newest = histories.newest(turn.key, order.earliest)
    event_id = histories.update_among(newest, turn.request_id)
    return "" if event_id is None else f"accepted from an earlier try: event {event_id}"


DEEDS = (
    Deed(
        "signal", "run.signal", "Signal", "signalled", forms.SignalForm, signal, trace,
        closed="closed; a closed run takes no signal",
    ),
    Deed(
        "update", "run.update", "Update", "updated", forms.UpdateForm, update, trace_update,
        closed="closed; a closed run takes no update",
        not_when={"Paused": "paused; a paused run takes no update"},
        says="Each run's own validator may refuse it; that is a failure with its words.",
    ),
    Deed(
        "pause", "run.pause", "Pause", "paused", NothingMore, pause, trace,
        closed="closed; there is nothing to pause", not_when={"Paused": "paused already"},
        lacks=without_pauses,
        says="No worker is given anything of these runs until they are resumed. No time-out stands"
        " still.",
    ),
    Deed(
        "resume", "run.resume", "Resume", "resumed", NothingMore, resume, trace,
        closed="closed; there is nothing to resume", not_when={"Running": "not paused"},
        lacks=without_pauses,
        says="Workers get their tasks again, with everything that came meanwhile.",
    ),
    Deed(
        "cancel", "run.cancel", "Cancel", "asked to cancel", NothingMore, cancel, trace,
        closed="closed; a closed run takes no cancel request",
    ),
    Deed(
        "terminate", "run.terminate", "Terminate", "terminated", NothingMore, terminate,
        trace, closed="closed; there is nothing to terminate", is_final=True,
        says="The run ends at once, and no code of it runs any more.",
    ),
    Deed(
        "delete", "run.delete", "Delete", "deleted", NothingMore, delete, is_final=True,
        says="An open run is terminated first; then the run and its history are gone for good."
        " Only this list still tells of them.",
    ),
)  # fmt: skip
