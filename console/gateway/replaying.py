"""The replay check: does the code that is deployed now still agree with a recorded history?

The sticky queue is forgotten, so that a worker gets the whole history with the next task; a query
makes it run through all of it and writes nothing. Where the two part, the history itself says what
stands at that event; the SDKs' sentences tell it in a dozen ways, and some not at all.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest

from console.gateway import disagreements, events, histories, steering
from console.gateway.channel import GatewayError, Trouble, call, workflow_service
from console.gateway.disagreements import Break
from console.gateway.events import Event
from console.gateway.runs import RunKey

#: Every SDK answers it by itself, if not with a value then by saying that it has no such query.
QUERY = "__stack_trace"
REPLAY_SECONDS = 30.0
#: The event is looked for among so many; beyond them its kind is what the SDK says.
PAGES_MAX = 10
#: The newest events, among which the last workflow task's end is.
NEWEST = 100
TASKS = frozenset({"WorkflowTaskCompleted", "WorkflowTaskFailed"})
CAUSE = "NonDeterministicError"
FITS = "The whole history runs on the code that is deployed now."


@dataclass(frozen=True, slots=True)
class Verdict:
    """`compatible` is None when nobody could say; `broke` is where, when it is False."""

    compatible: bool | None
    says: str
    broke: Break | None = None


def check(key: RunKey) -> Verdict:
    with suppress(GatewayError):
        call(
            workflow_service().ResetStickyTaskQueue,
            ResetStickyTaskQueueRequest(
                namespace=key.namespace,
                execution=WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id),
            ),
        )
    try:
        steering.query(key, QUERY, deadline=REPLAY_SECONDS)
    except GatewayError as error:
        return _judged(key, error)
    return Verdict(True, FITS)


def _judged(key: RunKey, error: GatewayError) -> Verdict:
    said = error.detail or str(error)
    if disagreements.is_one(said):
        return Verdict(False, disagreements.brief(said), _placed(key, disagreements.read(said)))
    if error.trouble is Trouble.INVALID and "not found" in said:
        # The worker got as far as looking for the query: the history ran through.
        return Verdict(True, FITS)
    if error.trouble is Trouble.INVALID:
        return Verdict(None, f"The code answered with an error: {disagreements.brief(said)}")
    if error.trouble in {Trouble.SLOW, Trouble.CONFLICT}:
        return _failing(key) or Verdict(None, disagreements.brief(said))
    if error.trouble is Trouble.BUSY:
        return Verdict(None, disagreements.brief(said))
    raise error


def _failing(key: RunKey) -> Verdict | None:
    """A run whose workflow task fails takes no query: the failure itself says what the code says.

    A later attempt that fails as well leaves no event; one that goes well would end this.
    """
    with suppress(GatewayError):
        tasks = (one for one in histories.backward(key, size=NEWEST).events if one.kind in TASKS)
        last = next(tasks, None)
        if last is None or last.kind != "WorkflowTaskFailed":
            return None
        failure = events.failure(last)
        said = disagreements.brief(failure.message if failure else "")
        says = (
            f"Its workflow task fails, and so it takes no query; since event {last.id} with: {said}"
        )
        if disagreements.is_one(said) or events.task_failed_because(last) == CAUSE:
            return Verdict(False, says, _placed(key, disagreements.read(said)))
        return Verdict(None, says)
    return None


def _placed(key: RunKey, broke: Break) -> Break:
    """With what the history itself has there; as the SDK said it where that cannot be read."""
    with suppress(GatewayError):
        if broke.event_id:
            at = next((one for one in _history(key) if one.id == broke.event_id), None)
            is_it = at is not None and broke.kind in {"", at.kind}
            return replace(broke, kind=at.kind, name=_name(at)) if at and is_it else broke
        alike = [one for one in _history(key) if _is_like(one, broke)]
        if alike:
            name = broke.name or _name(alike[0])
            return replace(broke, event_id=alike[0].id, name=name, or_later=len(alike) > 1)
    return broke


def _history(key: RunKey) -> Iterator[Event]:
    token = b""
    for _ in range(PAGES_MAX):
        page = histories.forward(key, token)
        yield from page.events
        token = page.next_token
        if not token:
            return


#: where an event keeps the id that its program gave it
OWN_IDS = {
    "ActivityTaskScheduled": "activity_id",
    "TimerStarted": "timer_id",
    "TimerFired": "timer_id",
    "StartChildWorkflowExecutionInitiated": "workflow_id",
}


def _is_like(event: Event, broke: Break) -> bool:
    if event.kind != broke.kind:
        return False
    if broke.own_id:
        return events.text(event, OWN_IDS.get(event.kind, "")) == broke.own_id
    if event.kind == "MarkerRecorded":
        # The core keeps the change's id inside; encoded histories do not show it.
        return broke.name.removeprefix("patch ").encode() in event.raw.SerializeToString()
    return not broke.name or _name(event) == broke.name


def _name(event: Event) -> str:
    """What a person would call it; empty where its kind says all."""
    if event.kind == "MarkerRecorded":
        return events.text(event, "marker_name")
    name = events.name(event)
    return "" if name == event.kind else name
