"""A pending activity in words that are the same on both servers."""

from __future__ import annotations

from collections.abc import Iterator

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo


def words(activity: PendingActivityInfo) -> Iterator[str]:
    yield activity.activity_id
    yield PendingActivityState.Name(activity.state).removeprefix("PENDING_ACTIVITY_STATE_")
    yield f"attempt={activity.attempt} most={activity.maximum_attempts}"
    yield f"next={activity.HasField('next_attempt_schedule_time')}"
    yield f"beat={len(activity.heartbeat_details.payloads)}"
    yield f"worker={activity.last_worker_identity} failure={activity.last_failure.message}"
    yield f"paused={activity.paused}"
    if activity.HasField("pause_info"):
        by = activity.pause_info.manual
        if activity.pause_info.HasField("rule"):
            yield f"rule={activity.pause_info.rule.rule_id}"
            by = activity.pause_info.rule
        yield f"by={by.identity} why={by.reason}"
    options = activity.activity_options
    yield f"normal={options.task_queue.normal_name == options.task_queue.name}"
    for name in ("schedule_to_close", "schedule_to_start", "start_to_close", "heartbeat"):
        yield f"{name}={getattr(options, f'{name}_timeout').ToNanoseconds()}"
    policy = options.retry_policy
    yield f"interval={policy.initial_interval.ToNanoseconds()} x {policy.backoff_coefficient}"
    yield f"priority={options.priority.priority_key}"
