"""The arithmetic of retry policies, at numbers that nobody means."""

from math import inf, nan

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure

from engine.core import retry
from engine.protocol.times import LONGEST_NS

SECOND = 1_000_000_000
EVER = Duration(seconds=2**62)


@pytest.mark.parametrize(
    ("coefficient", "attempt", "expected"),
    [
        (2.0, 1, 1), (2.0, 4, 8), (2.0, 10_000, 100), (1.5, 2, 1.5),
        (1e300, 5, 100), (inf, 1, 1), (inf, 2, 100), (nan, 3, 100),
    ],
)  # fmt: skip
def test_an_interval_grows_up_to_its_bound(
    coefficient: float, attempt: int, expected: float
) -> None:
    policy = retry.completed(RetryPolicy(backoff_coefficient=coefficient))

    assert retry.interval(policy, attempt) == int(expected * SECOND)


def test_an_interval_without_end_is_one_of_a_hundred_years() -> None:
    policy = retry.completed(RetryPolicy(initial_interval=EVER, backoff_coefficient=1e300))

    assert policy.initial_interval.ToNanoseconds() == 2**63 - 1
    assert policy.maximum_interval.ToNanoseconds() == 2**63 - 1
    assert retry.interval(policy, 3) == LONGEST_NS


def test_a_delay_of_less_than_nothing_is_none() -> None:
    policy = retry.completed(RetryPolicy())
    info = ApplicationFailureInfo(next_retry_delay=Duration(seconds=-(2**62)))

    decision = retry.decide(policy, 1, Failure(application_failure_info=info), 0, 0)

    assert decision.delay_ns == 0
