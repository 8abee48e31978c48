"""Signals and cancel requests: what is told to a run from outside.

running ──signal──▶ running      any number of times, each request id once
running ──request_cancel──▶ running, cancel requested      once
"""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType

from engine.core.inputs import RequestCancel, Signal
from engine.core.turn import Turn
from engine.errors import InvalidArgument


def signal(turn: Turn, given: Signal) -> bool:
    """Whether it is new: a request id that was seen before is swallowed in silence."""
    state = turn.state
    if given.request_id and given.request_id in state.signal_request_ids:
        return False
    if state.signals_count >= turn.limits.signals_max:
        raise InvalidArgument("exceeded workflow execution limit for signal events")
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
    attributes = event.workflow_execution_signaled_event_attributes
    attributes.signal_name = given.name
    attributes.identity = given.identity
    attributes.request_id = given.request_id
    if given.input.payloads:
        attributes.input.CopyFrom(given.input)
    if given.header is not None:
        attributes.header.CopyFrom(given.header)
    if given.external is not None:
        attributes.external_workflow_execution.CopyFrom(given.external)
    event.links.extend(given.links)
    turn.record(event)
    return True


def request_cancel(turn: Turn, given: RequestCancel) -> bool:
    """Whether it is the first: a run is asked to cancel once."""
    if turn.state.cancel_requested:
        return False
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
    attributes = event.workflow_execution_cancel_requested_event_attributes
    attributes.cause = given.cause
    attributes.identity = given.identity
    if given.external is not None:
        attributes.external_workflow_execution.CopyFrom(given.external)
        attributes.external_initiated_event_id = given.external_initiated_event_id
    event.links.extend(given.links)
    turn.record(event)
    return True
