"""Visibility records with plausible values; a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from search.records import VisibilityRecord

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAMESPACE = "6f3a2f4e-0000-4000-8000-000000000001"


def a_record(run_id: str = "run-1", **fields: Any) -> VisibilityRecord:
    workflow_id = fields.pop("workflow_id", f"workflow-of-{run_id}")
    known: dict[str, Any] = {
        "namespace_id": NAMESPACE,
        "workflow_id": workflow_id,
        "run_id": run_id,
        "version": 1,
        "workflow_type": "Subscription",
        "task_queue": "subscriptions",
        "status": "Running",
        "start_time": NOON,
        "execution_time": NOON,
        "root_workflow_id": workflow_id,
        "root_run_id": run_id,
        "first_run_id": run_id,
    }
    return VisibilityRecord(**{**known, **fields})
