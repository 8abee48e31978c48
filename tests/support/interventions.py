"""An operator in a story: what may be done to a run and to its pending activities."""

from __future__ import annotations

from typing import Any

from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions

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


def pause_run(story: Story, request_id: str = "") -> Step:
    return story.give(
        inputs.PauseRun(at=story.at, identity="alice", reason="a bad deploy", request_id=request_id)
    )


def resume_run(story: Story) -> Step:
    return story.give(inputs.ResumeRun(at=story.at, identity="alice", reason="mended"))


def override(story: Story, version: str) -> Step:
    """Pinned to a version, upgraded as its queue is (`auto`), or as its code says (empty)."""
    options = WorkflowExecutionOptions()
    if version == "auto":
        options.versioning_override.auto_upgrade = True
    elif version:
        pinned = options.versioning_override.pinned
        pinned.behavior = VersioningOverride.PINNED_OVERRIDE_BEHAVIOR_PINNED
        pinned.version.deployment_name, pinned.version.build_id = "shop", version
    return story.give(
        inputs.ChangeOptions(
            at=story.at, options=options, paths=("versioning_override",), identity="alice"
        )
    )
