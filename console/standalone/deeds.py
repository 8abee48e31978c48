"""What can be done to many of those that stand alone, over a list that is frozen first.

Who repeats a turn after a crash sends the same request id, and the server swallows it, also when it
has ended by that. Where the protocol takes no request id, what is told of it shows whose act it is.
"""

from collections.abc import Callable
from typing import Any

from django import forms

from console.gateway import payloads, sight, standalone, standalone_details
from console.gateway.channel import GatewayError, Trouble
from console.gateway.deeds import Deed, Done, NothingToDo, Order, Turn, Unsuited
from console.gateway.payloads import Failure
from console.gateway.standalone import KINDS, Key
from console.gateway.standalone_details import Detail
from console.offering import options
from console.offering.deed_forms import DeedForm, NothingMore
from console.offering.options import SomeOptionsForm
from console.standalone.presenters import is_running
from console.ui.typed import JsonField

SOURCE = "perdure-console"
CLOSED = "closed; nothing of it goes on"
Act = Callable[[Key, Order, Turn], None]


class TryForm(DeedForm):
    forgets_beat = forms.BooleanField(required=False, label="Forget what the last heartbeat told")


class CompleteForm(DeedForm):
    result = JsonField(
        required=False,
        label="Result, as JSON",
        help_text="The same for each of them. Empty: no result.",
    )
    evidence = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="A link or a text that shows it: a ticket, a receipt, the partner's answer.",
    )


class FailForm(DeedForm):
    message = forms.CharField(max_length=1_000, label="Failure", help_text="What went wrong.")
    kind = forms.CharField(
        required=False, max_length=200, label="Type of failure", help_text="As the code names it."
    )
    final = forms.BooleanField(
        required=False,
        label="No other attempt",
        help_text="Else it is one failed attempt, and the next follows as the retry policy says.",
    )


def _cancel(key: Key, order: Order, turn: Turn) -> None:
    standalone.cancel(key, _reason(order, turn), order.who, turn.request_id)


def _terminate(key: Key, order: Order, turn: Turn) -> None:
    standalone.terminate(key, _reason(order, turn), order.who, turn.request_id)


def _reason(order: Order, turn: Turn) -> str:
    """It stands with the end of it, and is known by the request."""
    return f"{order.reason} ({turn.request_id})"


def _try(key: Key, order: Order, turn: Turn) -> None:
    forgets = order.told["forgets_beat"]
    standalone.try_now(key, order.who, turn.request_id, forgets_beat=forgets)


def _pause(key: Key, order: Order, turn: Turn) -> None:
    standalone.pause(key, order.reason, order.who, turn.request_id)


def _resume(key: Key, order: Order, turn: Turn) -> None:
    standalone.resume(key, order.reason, order.who, turn.request_id)


def _change(key: Key, order: Order, turn: Turn) -> None:
    standalone.change(key, options.values(order.told["options"]), order.who, turn.request_id)


def _complete(key: Key, order: Order, _turn: Turn) -> None:
    standalone.complete(key, order.told["result"], order.who)


def _fail(key: Key, order: Order, turn: Turn) -> None:
    """Only an attempt that runs can be failed. One that this turn has failed already shows it."""
    one, told = _described(key), order.told
    if turn.again and _failed_by_us(order, one):
        return
    if not one.summary.closed_at and not is_running(one):
        raise Unsuited("No attempt runs now; only one that runs can be failed.")
    standalone.fail(key, told["message"], order.who, kind=told["kind"], final=told["final"])


def _failed_by_us(order: Order, one: Detail) -> bool:
    since = order.earliest
    is_ours = _is_ours(order, one.failure) or _is_ours(order, one.ended)
    return bool(is_ours and one.answered_at and since and one.answered_at >= since)


def _is_ours(order: Order, failure: Failure | None) -> bool:
    said = (SOURCE, order.told["message"])
    return failure is not None and (failure.source, failure.message) == said


def _on(kind: str, act: Act) -> Callable[[Order, Turn], Done]:
    def do(order: Order, turn: Turn) -> Done:
        key = _key(kind, turn)
        try:
            act(key, order, turn)
        except GatewayError as error:
            if error.trouble is Trouble.CONFLICT and (ended := _ended(key)):
                raise NothingToDo(f"closed since the list was frozen: {ended}") from error
            raise
        return Done()

    return do


def _key(kind: str, turn: Turn) -> Key:
    return Key(turn.key.namespace, KINDS[kind], turn.key.workflow_id, turn.key.run_id)


def _described(key: Key) -> Detail:
    """Whose act it was its words tell: of that no mask may cover one, and it is not shown."""
    with sight.unmasked():
        return standalone_details.describe(key)


def _ended(key: Key) -> str:
    one = _described(key)
    return one.summary.status if one.summary.closed_at else ""


def _delete_of(kind: str) -> Callable[[Order, Turn], Done]:
    def do(_order: Order, turn: Turn) -> Done:
        try:
            standalone.delete(_key(kind, turn))
        except GatewayError as error:
            if error.trouble is not Trouble.NOT_FOUND:
                raise
            if turn.again:
                # Nothing is left that could tell whose deletion it was.
                return Done("gone since an earlier try")
            raise NothingToDo("gone since the list was frozen") from error
        return Done()

    return do


def _trace_of(kind: str) -> Callable[[Order, Turn], str]:
    """The request's id stands in the reason of what it ended."""

    def trace(_order: Order, turn: Turn) -> str:
        one = _described(_key(kind, turn))
        said = f"{one.cancel_reason} {one.ended.message if one.ended else ''}"
        return "done by an earlier try" if turn.request_id in said else ""

    return trace


def _trace_completed(order: Order, turn: Turn) -> str:
    """A completion carries no name: the same result, since this order began, is taken for ours."""
    one = _described(_key("activities", turn))
    closed_at, since = one.summary.closed_at, order.earliest
    is_since = closed_at and since and closed_at >= since
    wanted = payloads.sent(turn.key.namespace, order.told["result"])
    has_it = one.summary.status == "Completed" and one.told.outcome.result == wanted
    return "completed by an earlier try" if is_since and has_it else ""


def _trace_failed(order: Order, turn: Turn) -> str:
    one = _described(_key("activities", turn))
    return "failed by an earlier try" if _failed_by_us(order, one) else ""


def _ends(kind: str, of: str) -> tuple[Deed, ...]:
    given: dict[str, Any] = {"of": of, "lists": kind}
    trace = _trace_of(kind)
    return (
        Deed(
            f"{kind}-cancel", "standalone.cancel", "Cancel", "asked to cancel", NothingMore,
            _on(kind, _cancel), trace, closed=CLOSED, **given,
        ),
        Deed(
            f"{kind}-terminate", "standalone.terminate", "Terminate", "terminated", NothingMore,
            _on(kind, _terminate), trace, closed=CLOSED, is_final=True,
            says="Each ends at once; what a worker still answers is thrown away.", **given,
        ),
        Deed(
            f"{kind}-delete", "standalone.delete", "Delete", "deleted", NothingMore,
            _delete_of(kind), is_final=True,
            says="One that goes on is terminated first; then nothing is left of it. Only this list"
            " still tells of them.", **given,
        ),
    )  # fmt: skip


def _help(name: str, label: str, did: str, form: type[DeedForm], act: Act, **given: Any) -> Deed:
    return Deed(
        f"activities-{name}", f"activity.{name}", label, did, form, _on("activities", act),
        closed=CLOSED, of="Activities", lists="activities", **given,
    )  # fmt: skip


DEEDS = (
    *_ends("activities", "Activities"),
    _help(
        "try", "Try now", "tried now", TryForm, _try,
        says="The pause before the next attempt ends at once, and attempts are counted from the"
        " first again.",
    ),
    _help(
        "pause", "Pause", "paused", NothingMore, _pause,
        says="No further attempt begins until somebody resumes it.",
    ),
    _help(
        "resume", "Resume", "resumed", NothingMore, _resume, says="The next attempt begins at once."
    ),
    _help(
        "change", "Change options", "changed", SomeOptionsForm, _change,
        says="A time-out holds at once, the rest from the next attempt on.",
    ),
    _help(
        "complete", "Complete by hand", "completed by hand", CompleteForm, _complete,
        trace=_trace_completed, is_final=True,
        says="Each ends as if it had returned this result. Do it only for what was really done.",
    ),
    _help(
        "fail", "Fail by hand", "failed by hand", FailForm, _fail, trace=_trace_failed,
        is_final=True, says="The attempt that runs now counts as failed with this failure.",
    ),
    *_ends("operations", "Nexus operations"),
)  # fmt: skip
