"""What an operator may change of a pending activity: its queue, time-outs, retries and priority."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.enums.v1 import TaskQueueKind

from engine.core.state import Activity
from engine.errors import InvalidArgument

TIMEOUTS = {
    "schedule_to_close_timeout": "ScheduleToCloseTimeout",
    "schedule_to_start_timeout": "ScheduleToStartTimeout",
    "start_to_close_timeout": "StartToCloseTimeout",
    "heartbeat_timeout": "HeartbeatTimeout",
}
#: A mask that names anything else of an activity changes nothing.
CHANGEABLE = frozenset(
    {
        *TIMEOUTS,
        "task_queue.name",
        "retry_policy",
        "retry_policy.initial_interval",
        "retry_policy.backoff_coefficient",
        "retry_policy.maximum_interval",
        "retry_policy.maximum_attempts",
        "priority",
        "priority.priority_key",
        "priority.fairness_key",
        "priority.fairness_weight",
    }
)
#: What may be named of one activity by its id; a delay is one of a standalone activity's start.
NAMED_ALONE = CHANGEABLE | {"start_delay"}
_NEEDED = {"task_queue": "TaskQueue", "retry_policy": "RetryPolicy", "priority": "Priority"}


def of(activity: Activity) -> ActivityOptions:
    """Those that hold now."""
    return activity.options if activity.options is not None else scheduled_with(activity)


def scheduled_with(activity: Activity) -> ActivityOptions:
    given = activity.scheduled.activity_task_scheduled_event_attributes
    options = ActivityOptions()
    options.task_queue.name = given.task_queue.name
    for name in TIMEOUTS:
        getattr(options, name).CopyFrom(getattr(given, name))
    for name in ("retry_policy", "priority"):
        if given.HasField(name):  # type: ignore[arg-type]  # the stub lists them one by one
            getattr(options, name).CopyFrom(getattr(given, name))
    return options


def check_paths(paths: Sequence[str]) -> None:
    """Of a mask that is meant for one activity by its id."""
    if not paths:
        raise InvalidArgument("UpdateMask must specify at least one path")
    for path in paths:
        if in_snake_case(path) not in NAMED_ALONE:
            raise InvalidArgument(f'unsupported update_mask path: "{path}"')


def merged(activity: Activity, given: ActivityOptions, paths: Iterable[str]) -> ActivityOptions:
    """Its options with the fields that `paths` names taken from `given`; refused if unfit."""
    options = ActivityOptions()
    options.CopyFrom(of(activity))
    options.task_queue.kind = TaskQueueKind.TASK_QUEUE_KIND_NORMAL
    for path in map(in_snake_case, paths):
        if path in CHANGEABLE:
            needed = path.partition(".")[0]
            if needed in _NEEDED and not given.HasField(needed):  # type: ignore[arg-type]
                raise InvalidArgument(f"{_NEEDED[needed]} is not provided")
            _take(given, options, path)
    _check(options, activity)
    return options


def in_snake_case(path: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", path).lower()


def _take(source: Any, target: Any, path: str) -> None:
    name, _, rest = path.partition(".")
    if rest:
        _take(getattr(source, name), getattr(target, name), rest)
    elif not source.DESCRIPTOR.fields_by_name[name].message_type:
        setattr(target, name, getattr(source, name))
    elif source.HasField(name):
        getattr(target, name).CopyFrom(getattr(source, name))
    else:
        target.ClearField(name)


def _check(options: ActivityOptions, activity: Activity) -> None:
    for name, word in TIMEOUTS.items():
        _check_duration(getattr(options, name), f"invalid {word}")
    if not (
        options.schedule_to_close_timeout.ToNanoseconds()
        or options.start_to_close_timeout.ToNanoseconds()
    ):
        raise InvalidArgument(
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity."
            f" ActivityId={activity.activity_id} ActivityType={activity.activity_type}"
        )
    if not options.task_queue.name:
        raise InvalidArgument("missing task queue name")
    _check_retries(options)


def _check_retries(options: ActivityOptions) -> None:
    policy = options.retry_policy
    for name in ("initial_interval", "maximum_interval"):
        word = "".join(part.capitalize() for part in name.split("_"))
        _check_duration(getattr(policy, name), f"invalid {word} set on retry policy")
    if policy.backoff_coefficient and policy.backoff_coefficient < 1:
        raise InvalidArgument("BackoffCoefficient cannot be less than 1 on retry policy.")
    longest = policy.maximum_interval.ToNanoseconds()
    if longest and longest < policy.initial_interval.ToNanoseconds():
        raise InvalidArgument(
            "MaximumInterval cannot be less than InitialInterval on retry policy."
        )
    if policy.maximum_attempts < 0:
        raise InvalidArgument("MaximumAttempts cannot be negative on retry policy.")


def _check_duration(given: Duration, what: str) -> None:
    if given.ToNanoseconds() < 0:
        raise InvalidArgument(f"{what}: negative duration")
