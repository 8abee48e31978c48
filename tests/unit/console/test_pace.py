"""Percentiles of a sample."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.ageing.pace import percentile


@given(st.lists(st.timedeltas(min_value=timedelta()), min_size=1), st.sampled_from([50, 95, 99]))
def test_a_percentile_is_the_least_that_so_many_do_not_exceed(
    lengths: list[timedelta], percent: int
) -> None:
    found = percentile(sorted(lengths), percent)

    assert sum(one <= found for one in lengths) * 100 >= percent * len(lengths)
    assert sum(one < found for one in lengths) * 100 < percent * len(lengths)
