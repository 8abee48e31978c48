"""How long an activity may take and how it is retried."""

from datetime import timedelta
from typing import Final, TypedDict

from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError


class ActivityOptions(TypedDict):
    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


#: Until the provider is back, however long that takes: money and mail are worth the wait.
PATIENT: Final[ActivityOptions] = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(minutes=5),
    ),
}


def refusal_of(error: ActivityError) -> ApplicationError | None:
    """The provider's final no, if that is why the activity failed."""
    cause = error.cause
    return cause if isinstance(cause, ApplicationError) else None
