"""An operator in a story: what may be done to its pending activities."""

from __future__ import annotations

from typing import Any

from temporalio.api.activity.v1 import ActivityOptions

from engine.core import inputs
from engine.core.step import Step
from tests.support.story import Story


def pause(story: Story, activity_id: str = "charge") -> Step:
    which = inputs.Which(activity_id=activity_id)
    return story.give(
        inputs.PauseActivities(at=story.at, which=which, identity="alice", reason="a bad deploy")
    )


def renew(story: Story, activity_id: str = "charge", *, resets: bool = False, **given: Any) -> Step:
    which = inputs.Which(activity_id=activity_id)
    return story.give(inputs.RenewActivities(at=story.at, which=which, resets=resets, **given))


def change(story: Story, start_to_close: int, activity_id: str = "charge") -> Step:
    options = ActivityOptions()
    options.start_to_close_timeout.FromSeconds(start_to_close)
    given = inputs.ChangeActivities(
        at=story.at,
        which=inputs.Which(activity_id=activity_id),
        options=options,
        paths=("start_to_close_timeout",),
    )
    return story.give(given)
