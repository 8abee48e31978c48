"""Closed runs: how they ended. Pure."""

from console.gateway import events as gateway
from console.gateway import payloads
from console.gateway.events import Event
from console.gateway.runs import RunDetail
from console.ui import words
from console.workflows.causes.standing import Standing


def ended(run: RunDetail, close: Event | None) -> Standing:
    summary = run.summary
    at = words.clock(summary.closed_at)
    match summary.status:
        case "Failed":
            return _failed(close, at)
        case "TimedOut":
            says = f" at {at}: it did not end within its time limit."
            return Standing("", "timed-out", "Why did it time out?", "The run timed out", says)
        case "Terminated":
            return Standing("", "terminated", "Terminated", "Somebody ended it", _by(close, at))
        case "Canceled":
            subject = "The workflow accepted its cancellation"
            return Standing("", "canceled", "Canceled", subject, f" at {at}.")
        case "ContinuedAsNew":
            subject = "It goes on in another run"
            return Standing("", "continued", "Continued as new", subject, f" since {at}.")
        case _:
            return Standing("", "completed", "Completed", "It returned a result", f" at {at}.")


def _failed(close: Event | None, at: str) -> Standing:
    failure = gateway.failure(close) if close else None
    cause = payloads.root_cause(failure) if failure else None
    says = f" at {at}" + (f": {cause.type}: {cause.message}" if cause else ".")
    return Standing("", "failed", "Why did it fail?", "The workflow failed", says, failure=failure)


def _by(close: Event | None, at: str) -> str:
    if close is None:
        return f" at {at}."
    reason = gateway.text(close, "reason")
    who = gateway.identity(close)
    return f" at {at}{f', {who}' if who else ''}{f': “{reason}”' if reason else '.'}"
