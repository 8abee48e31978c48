"""What a person does to a batch."""

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import batches
from console.gateway.batches import BatchDetail


def stop(person: User, namespace: str, one: BatchDetail, reason: str) -> None:
    before = {"state": one.summary.state, "done": one.done, "failed": one.failed,
              "of": one.total}  # fmt: skip
    with record(person, "batch.stop", namespace=namespace, target=one.summary.id,
                reason=reason, before=before) as act:  # fmt: skip
        batches.stop(namespace, one.summary.id, reason, act.identity)
        act.after = {"state": "FAILED", "stopped": True}
