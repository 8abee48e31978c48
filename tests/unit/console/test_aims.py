"""Where the runs of a list go back to."""

from datetime import UTC, datetime, timedelta

import pytest

from console.replay import aims
from console.replay.aims import Aim
from console.replay.planner import Step

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def task(event_id: int, minutes: int, build: str) -> Step:
    at = NOON + timedelta(minutes=minutes)
    return Step(event_id, "task", "Workflow task", "", at, event_id, "completed", build=build)


def activity(event_id: int, name: str, ended: str = "completed") -> Step:
    return Step(event_id, "activity", name, "", NOON, event_id + 2, ended)


STEPS = [
    task(4, 0, "one"),
    activity(5, "charge"),
    task(10, 10, "one"),
    activity(11, "ship", "failed"),
    task(16, 20, "two"),
    activity(17, "charge"),
    task(22, 30, "two"),
]


@pytest.mark.parametrize(
    ("aim", "point"),
    [
        (Aim(), 22),
        (Aim("first"), 4),
        (Aim("failed"), 10),
        (Aim("time", at=NOON + timedelta(minutes=19)), 10),
        (Aim("time", at=NOON + timedelta(minutes=20)), 16),
        (Aim("time", at=NOON - timedelta(minutes=1)), None),
        (Aim("build", build="two"), 16),
        (Aim("build", build="three"), None),
        (Aim("activity", activity="charge"), 4),
        (Aim("activity", activity="ship"), 10),
        (Aim("activity", activity="book"), None),
        (Aim("tasks", tasks=1), 16),
        (Aim("tasks", tasks=3), 4),
        (Aim("tasks", tasks=4), None),
    ],
)
def test_the_same_words_mean_a_point_of_each_run(aim: Aim, point: int | None) -> None:
    assert aims.point(STEPS, aim) == point
    assert aims.point([], aim) is None
    assert aim.misses


@pytest.mark.parametrize(
    ("told", "to"),
    [
        ({}, "last"),
        ({"to": "first"}, "first"),
        ({"to": "time", "at": "2026-01-31 09:00"}, "time"),
        ({"to": "time", "at": "yesterday"}, "last"),
        ({"to": "build"}, "last"),
        ({"to": "activity", "activity": "charge"}, "activity"),
        ({"to": "nowhere"}, "last"),
        ({"to": "tasks", "tasks": 2}, "tasks"),
        ({"to": "tasks", "tasks": "-2"}, "last"),
        ({"to": "tasks", "tasks": "9" * 30}, "last"),
    ],
)
def test_what_cannot_be_read_is_the_usual(told: dict[str, str], to: str) -> None:
    aim = aims.of(told)

    assert aim.to == to
    assert aim.says
