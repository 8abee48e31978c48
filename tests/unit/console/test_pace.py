"""Percentiles of a sample."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.ageing.pace import percentile


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=120), st.sampled_from([50, 95, 99]))
def test_a_percentile_is_the_least_that_so_many_do_not_exceed(
    seconds: list[int], percent: int
) -> None:
    lengths = [timedelta(seconds=one) for one in seconds]

    found = percentile(sorted(lengths), percent)

    assert sum(one <= found for one in lengths) * 100 >= percent * len(lengths)
    assert sum(one < found for one in lengths) * 100 < percent * len(lengths)
