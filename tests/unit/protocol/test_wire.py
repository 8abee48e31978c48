from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryResponse

from engine.protocol import wire


def test_serialised_events_become_a_history() -> None:
    events = [HistoryEvent(event_id=number, task_id=number * 1000) for number in range(1, 400)]

    joined = wire.history(event.SerializeToString() for event in events)

    assert list(History.FromString(joined).events) == events


def test_a_serialised_part_becomes_a_field() -> None:
    history = History(events=[HistoryEvent(event_id=7)])
    response = GetWorkflowExecutionHistoryResponse(next_page_token=b"more")

    joined = wire.with_field(response, "history", history.SerializeToString())

    assert GetWorkflowExecutionHistoryResponse.FromString(joined) == (
        GetWorkflowExecutionHistoryResponse(next_page_token=b"more", history=history)
    )
