"""When a pending activity is tried again by itself, and what it calls is mended."""

import json
import urllib.request
from datetime import UTC, datetime

from tests.stack.whole import Up
from tests.support.programs import Program


def tries_again_in(program: Program, workflow_id: str) -> float:
    """Seconds; while there are many, what happens next is by a person's hand."""
    handle = program.client.get_workflow_handle(workflow_id)
    [pending] = program.wait(handle.describe()).raw_description.pending_activities
    now = datetime.now(UTC)  # noqa: TID251 (beside what the engine says)
    return pending.next_attempt_schedule_time.seconds - now.timestamp()


def mend_the_card_processor(up: Up, customer_id: str) -> None:
    urllib.request.urlopen(
        urllib.request.Request(
            f"{up.address_of('PROVIDERS_URL')}/control/payments",
            json.dumps({"mode": "normal", "subject": customer_id}).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        ),
        timeout=10,
    ).close()
