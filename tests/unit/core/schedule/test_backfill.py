"""Many times at once: those of the past, acted on by hand, and those after an absence."""

from __future__ import annotations

from temporalio.api.schedule.v1 import BackfillRequest, SchedulePatch

from engine.core.schedule.state import BUFFER_MAX, next_at
from engine.core.schedule.step import Patch, RunStarted, Wake, step
from tests.unit.core.schedule.test_spec import stamp
from tests.unit.core.schedule.test_step import (
    ALLOW_ALL,
    BUFFER_ALL,
    NOON,
    SECOND,
    close_first,
    minutes,
    start_all,
    state,
)


def test_a_backfill_acts_for_each_time_within_both_ends_included() -> None:
    one = state()
    filling = BackfillRequest(
        start_time=stamp(minutes(-60)), end_time=stamp(minutes(-57)), overlap_policy=ALLOW_ALL
    )

    step(one, Patch(at=NOON, request_id="b", patch=SchedulePatch(backfill_request=[filling])))

    assert [s.action.nominal for s in one.starting] == [
        minutes(-60), minutes(-59), minutes(-58), minutes(-57),
    ]  # fmt: skip
    assert one.backfills == []


def test_a_long_backfill_waits_for_room() -> None:
    one = state(BUFFER_ALL)
    filling = BackfillRequest(
        start_time=stamp(minutes(-1_500)), end_time=stamp(minutes(-1)), overlap_policy=BUFFER_ALL
    )
    step(one, Patch(at=NOON, request_id="b", patch=SchedulePatch(backfill_request=[filling])))

    assert len(one.waiting) <= BUFFER_MAX // 2
    assert one.dropped_count == 0
    done = 0
    while one.starting or one.running:
        start_all(one, NOON)
        close_first(one, NOON)
        done += 1
    assert done == 1_500


def test_so_many_are_on_their_way_at_once_and_none_is_lost() -> None:
    one = state(ALLOW_ALL, every=1)
    at = NOON + 1_000 * SECOND
    step(one, Wake(at=at))
    begun: list[str] = []

    while one.starting:
        assert len(one.starting) <= 100
        following = next_at(one, at)
        assert following is not None
        assert following > at
        begun.append(one.starting[0].workflow_id)
        step(one, RunStarted(at=at, request_id=one.starting[0].request_id, run_id="r"))

    assert len(begun) == len(set(begun)) == 1_000
    assert one.dropped_count == 0
