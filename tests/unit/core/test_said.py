"""What a worker says of a command stands on the command's event, and on no other."""

from __future__ import annotations

import pytest
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Memo, SearchAttributes

from tests.support import neighbours
from tests.support import story as tell
from tests.support.commands import command, signal_external
from tests.support.story import Story

SAID = {
    "ActivityTaskScheduled": tell.schedule_activity("another"),
    "ActivityTaskCancelRequested": tell.cancel_activity(5),
    "TimerStarted": tell.start_timer("another"),
    "TimerCanceled": tell.cancel_timer(),
    "MarkerRecorded": command("record_marker", marker_name="m"),
    "StartChildWorkflowExecutionInitiated": tell.start_child(),
    "SignalExternalWorkflowExecutionInitiated": signal_external("other", "s"),
    "RequestCancelExternalWorkflowExecutionInitiated": command(
        "request_cancel_external_workflow_execution", workflow_id="other"
    ),
    "UpsertWorkflowSearchAttributes": command(
        "upsert_workflow_search_attributes",
        search_attributes=SearchAttributes(indexed_fields={"Plan": neighbours.shown_as("gold")}),
    ),
    "WorkflowPropertiesModified": command(
        "modify_workflow_properties", upserted_memo=Memo(fields={"p": neighbours.shown_as("v")})
    ),
    "WorkflowExecutionCompleted": tell.complete_run(),
    "WorkflowExecutionFailed": tell.fail_run(),
    "WorkflowExecutionCanceled": command("cancel_workflow_execution"),
    "WorkflowExecutionContinuedAsNew": tell.continue_as_new(),
}


@pytest.mark.parametrize("name", SAID)
def test_it_stands_on_the_event_of_the_command(name: str) -> None:
    story = Story()
    story.start()
    story.do(tell.schedule_activity(), tell.start_timer())
    story.signal()
    said = Command()
    said.CopyFrom(SAID[name])
    said.user_metadata.summary.CopyFrom(neighbours.shown_as("why"))
    said.event_group_markers.add().label.SetInParent()

    done = story.do(said)

    (event,) = (event for event in done.events if event.HasField("user_metadata"))
    assert tell.name_of(event) == name
    assert event.user_metadata == said.user_metadata
    assert list(event.event_group_markers) == list(said.event_group_markers)
