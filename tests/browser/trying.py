"""When a pending activity is tried again by itself."""

from datetime import UTC, datetime

from tests.support.programs import Program


def tries_again_in(program: Program, workflow_id: str) -> float:
    """Seconds; while there are many, what happens next is by a person's hand."""
    handle = program.client.get_workflow_handle(workflow_id)
    [pending] = program.wait(handle.describe()).raw_description.pending_activities
    now = datetime.now(UTC)  # noqa: TID251 (beside what the engine says)
    return pending.next_attempt_schedule_time.seconds - now.timestamp()
