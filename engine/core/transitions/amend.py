"""Markers, search attributes and memo: what a workflow writes down about itself."""

from __future__ import annotations

from temporalio.api.command.v1 import (
    ModifyWorkflowPropertiesCommandAttributes,
    RecordMarkerCommandAttributes,
    UpsertWorkflowSearchAttributesCommandAttributes,
)
from temporalio.api.enums.v1 import EventType

from engine.core.turn import Turn


def record_marker(
    turn: Turn,
    command: RecordMarkerCommandAttributes,
    completed_event_id: int,
) -> None:
    event = turn.new(EventType.EVENT_TYPE_MARKER_RECORDED)
    marker = event.marker_recorded_event_attributes
    marker.marker_name = command.marker_name
    for name, payloads in command.details.items():
        marker.details[name].CopyFrom(payloads)
    marker.workflow_task_completed_event_id = completed_event_id
    if command.HasField("header"):
        marker.header.CopyFrom(command.header)
    if command.HasField("failure"):
        marker.failure.CopyFrom(command.failure)
    turn.add(event)


def upsert_attributes(
    turn: Turn, command: UpsertWorkflowSearchAttributesCommandAttributes, completed_event_id: int
) -> None:
    event = turn.new(EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
    attributes = event.upsert_workflow_search_attributes_event_attributes
    attributes.workflow_task_completed_event_id = completed_event_id
    attributes.search_attributes.CopyFrom(command.search_attributes)
    turn.add(event)


def modify_properties(
    turn: Turn, command: ModifyWorkflowPropertiesCommandAttributes, completed_event_id: int
) -> None:
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED)
    attributes = event.workflow_properties_modified_event_attributes
    attributes.workflow_task_completed_event_id = completed_event_id
    if command.HasField("upserted_memo"):
        attributes.upserted_memo.CopyFrom(command.upserted_memo)
    turn.add(event)
