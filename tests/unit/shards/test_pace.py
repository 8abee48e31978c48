"""When a commit waits for company."""

from engine.shards.pace import PAUSE_SECONDS_MAX, WAITING_MAX, Pace


def after(*batches: int) -> Pace:
    pace = Pace()
    for works in batches:
        pace.note(works)
    return pace


def test_a_lone_caller_never_waits() -> None:
    assert after(*[1] * 100).pause_seconds(1) == 0


def test_two_works_that_happen_to_meet_are_no_crowd() -> None:
    assert after(1, 2, 1, 1, 2, 1).pause_seconds(1) == 0


def test_among_many_a_commit_waits_for_company() -> None:
    few, many = after(*[3] * 20).pause_seconds(1), after(*[20] * 20).pause_seconds(1)

    assert 0 < few < many == PAUSE_SECONDS_MAX


def test_a_crowd_that_is_there_already_is_not_kept_waiting() -> None:
    assert after(*[3] * 20).pause_seconds(WAITING_MAX) == 0


def test_when_the_crowd_has_gone_nobody_waits() -> None:
    assert after(*[20] * 20, *[1] * 40).pause_seconds(1) == 0
