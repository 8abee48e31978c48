"""What a person does to a batch, and what the list asks beside the list."""

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import batches
from console.gateway.batches import BatchDetail, BatchSummary

#: A server runs few at once; only those are asked how far they are.
DESCRIBED_MAX = 5


def under_way(namespace: str, found: tuple[BatchSummary, ...]) -> dict[str, BatchDetail]:
    running = [one for one in found if one.state == "RUNNING"][:DESCRIBED_MAX]
    return {one.id: batches.describe(namespace, one.id) for one in running}


def stop(person: User, namespace: str, one: BatchDetail, reason: str) -> None:
    before = {"state": one.summary.state, "done": one.done, "failed": one.failed,
              "of": one.total}  # fmt: skip
    with record(person, "batch.stop", namespace=namespace, target=one.summary.id,
                reason=reason, before=before) as act:  # fmt: skip
        batches.stop(namespace, one.summary.id, reason, act.identity)
        act.after = {"state": "FAILED", "stopped": True}
