"""Retry policy arithmetic."""

from __future__ import annotations

from math import inf

from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.enums.v1 import RetryState, TimeoutType
from temporalio.api.failure.v1 import Failure

from engine.protocol.times import LONGEST_NS, nanoseconds

SECOND = 1_000_000_000
INTERVAL_INITIAL_DEFAULT_NS = SECOND
COEFFICIENT_DEFAULT = 2.0
INTERVAL_MAX_COEFFICIENT = 100
# Beyond this exponent every interval is at its bound.
EXPONENT_MAX = 64
# As many nanoseconds as 64 bits hold.
INTERVAL_MAX_NS = 2**63 - 1

# As a policy's list of non-retryable types names them.
_TIMEOUT_TYPES_RETRIED = {
    TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE: "TemporalTimeout:StartToClose",
    TimeoutType.TIMEOUT_TYPE_HEARTBEAT: "TemporalTimeout:Heartbeat",
}


class Decision:
    """Whether to try again: `delay_ns` is None where not, and `state` says why."""

    __slots__ = ("delay_ns", "state")

    def __init__(self, delay_ns: int | None, state: RetryState.ValueType) -> None:
        self.delay_ns = delay_ns
        self.state = state


def with_defaults(given: RetryPolicy) -> RetryPolicy:
    """The protocol's defaults stand for what is not set: attempts without end."""
    policy = RetryPolicy()
    policy.CopyFrom(given)
    initial = min(
        given.initial_interval.ToNanoseconds() or INTERVAL_INITIAL_DEFAULT_NS, INTERVAL_MAX_NS
    )
    policy.initial_interval.FromNanoseconds(initial)
    policy.backoff_coefficient = given.backoff_coefficient or COEFFICIENT_DEFAULT
    if not given.maximum_interval.ToNanoseconds():
        most = min(initial * INTERVAL_MAX_COEFFICIENT, INTERVAL_MAX_NS)
        policy.maximum_interval.FromNanoseconds(most)
    return policy


def completed(given: RetryPolicy) -> RetryPolicy:
    """As a run's first event carries it; where there is one attempt the rest says nothing."""
    return given if given.maximum_attempts == 1 else with_defaults(given)


def problem(given: RetryPolicy) -> str:
    """What is wrong with a policy that a caller gave; empty if it can be followed."""
    if given.maximum_attempts == 1:
        return ""
    initial = given.initial_interval.ToNanoseconds()
    bound = given.maximum_interval.ToNanoseconds()
    coefficient = given.backoff_coefficient
    problems = (
        (initial < 0, "invalid InitialInterval set on retry policy: negative duration"),
        (0 != coefficient < 1, "BackoffCoefficient cannot be less than 1 on retry policy."),
        (bound < 0, "invalid MaximumInterval set on retry policy: negative duration"),
        (
            0 != bound < initial,
            "MaximumInterval cannot be less than InitialInterval on retry policy.",
        ),
        (given.maximum_attempts < 0, "MaximumAttempts cannot be negative on retry policy."),
    )
    return next((words for is_so, words in problems if is_so), "")


def interval(policy: RetryPolicy, attempt: int) -> int:
    """Nanoseconds between the end of `attempt` and the next one."""
    initial = policy.initial_interval.ToNanoseconds() or INTERVAL_INITIAL_DEFAULT_NS
    coefficient = policy.backoff_coefficient or COEFFICIENT_DEFAULT
    bound = policy.maximum_interval.ToNanoseconds() or initial * INTERVAL_MAX_COEFFICIENT
    # A coefficient may be no number: the least of it and a bound is the bound, which stands first.
    return int(min(bound, LONGEST_NS, _grown(initial, coefficient, min(attempt - 1, EXPONENT_MAX))))


def _grown(initial: int, coefficient: float, exponent: int) -> float:
    try:
        return float(initial * coefficient**exponent)
    except OverflowError:
        return inf


def is_retryable(failure: Failure, non_retryable_types: list[str]) -> bool:
    which = failure.WhichOneof("failure_info")
    if which in ("terminated_failure_info", "canceled_failure_info"):
        return False
    if which == "timeout_failure_info":
        named = _TIMEOUT_TYPES_RETRIED.get(failure.timeout_failure_info.timeout_type)
        return named is not None and named not in non_retryable_types
    if which == "server_failure_info":
        return not failure.server_failure_info.non_retryable
    if which == "application_failure_info":
        application = failure.application_failure_info
        return not application.non_retryable and application.type not in non_retryable_types
    return True


def decide(
    policy: RetryPolicy | None, attempt: int, failure: Failure, at: int, expires_at: int
) -> Decision:
    """`expires_at` (0: never) is the time after which no new attempt may start."""
    if policy is None:
        return Decision(None, RetryState.RETRY_STATE_RETRY_POLICY_NOT_SET)
    if not is_retryable(failure, list(policy.non_retryable_error_types)):
        return Decision(None, RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE)
    if policy.maximum_attempts and attempt >= policy.maximum_attempts:
        return Decision(None, RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED)
    delay = interval(policy, attempt)
    if failure.HasField("application_failure_info"):
        application = failure.application_failure_info
        if application.HasField("next_retry_delay"):
            delay = max(nanoseconds(application.next_retry_delay), 0)
    if expires_at and at + delay > expires_at:
        return Decision(None, RetryState.RETRY_STATE_TIMEOUT)
    return Decision(delay, RetryState.RETRY_STATE_IN_PROGRESS)
