"""What one read of the store brings, and where the next one goes on."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.ports import Task

#: A lane's name: its priority and key.
LaneName = tuple[int, str]
START: LaneName = (0, "")
#: A priority that no task has: nothing from there on is unknown.
ALL_READ = 1 << 31


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """How many tasks; after which lane of its priority, where one read did not take all lanes; how
    heavy an operator says that keys are."""

    count: int
    after: LaneName = START
    weights: Mapping[str, float] = {}


class Page(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The oldest tasks of the first lanes.

    `cut`: lanes that may have more, and how old is the last that was looked at. `unread`: from this
    priority on there may be lanes that were not looked at; `after`: where to look for them.
    """

    tasks: list[Task] = []
    cut: Mapping[LaneName, int] = {}
    unread: int = ALL_READ
    after: LaneName = START
