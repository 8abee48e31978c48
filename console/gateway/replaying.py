"""The replay check: does the code that is deployed now still agree with a recorded history?

The sticky queue is forgotten, so that a worker gets the whole history with the next task; a query
makes it run through all of it and writes nothing.
"""

from contextlib import suppress
from dataclasses import dataclass

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest

from console.gateway import steering
from console.gateway.channel import GatewayError, Trouble, call, workflow_service
from console.gateway.runs import RunKey

#: Every SDK answers it by itself, if not with a value then by saying that it has no such query.
QUERY = "__stack_trace"
REPLAY_SECONDS = 30.0
SIGNS = ("TMPRL1100", "nondeterminis", "non-deterministic", "nondeterministic")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`compatible` is None when nobody could say."""

    compatible: bool | None
    says: str


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
        return _judged(error)
    return Verdict(True, "The whole history runs on the code that is deployed now.")


def _judged(error: GatewayError) -> Verdict:
    said = error.detail or str(error)
    if any(sign in said.lower() for sign in (sign.lower() for sign in SIGNS)):
        return Verdict(False, said)
    if error.trouble is Trouble.INVALID and "not found" in said:
        # The worker got as far as looking for the query: the history ran through.
        return Verdict(True, "The whole history runs on the code that is deployed now.")
    if error.trouble in {Trouble.SLOW, Trouble.CONFLICT, Trouble.INVALID, Trouble.BUSY}:
        return Verdict(None, said)
    raise error
