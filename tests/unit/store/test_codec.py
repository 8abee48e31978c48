"""States, marks and messages as bytes: they come back as they were, or are refused."""

import pytest
from temporalio.api.common.v1 import Callback, Link, WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes

from engine.core import effects
from engine.core.effects import Delivery
from engine.core.inputs import RequestCancel, Signal
from engine.core.keys import RunKey
from engine.store import codec
from engine.store.codec import Unreadable
from tests.support import story as tell
from tests.support.story import Story

RUN = RunKey("namespace", "order", "run")
EXECUTION = WorkflowExecution(workflow_id="order", run_id="run")
DELIVERIES: list[Delivery] = [
    effects.StartChild(
        event_id=5,
        namespace_id="namespace",
        namespace="default",
        workflow_id="shipping",
        run_id="child",
        attributes=WorkflowExecutionStartedEventAttributes(workflow_id="shipping"),
        reuse_policy=1,
        request_id="request",
    ),
    effects.SignalExternal(
        event_id=6,
        target=RUN,
        namespace="default",
        child_only=True,
        signal=Signal(at=7, name="paid", input=tell.word("1"), external=EXECUTION),
    ),
    effects.CancelExternal(
        event_id=7,
        target=RUN,
        namespace="default",
        child_only=False,
        cancel=RequestCancel(at=7, cause="enough", external=EXECUTION),
    ),
    effects.TellParent(
        event_id=8,
        parent=RUN,
        initiated_event_id=5,
        child=EXECUTION,
        closing=HistoryEvent(event_id=9),
    ),
    effects.CloseChild(event_id=9, child=RUN, terminate=True, parent=EXECUTION),
    effects.TellSchedule(
        event_id=9,
        namespace_id="namespace",
        starter="temporal-scheduler-default-s",
        workflow_id="workflow",
        first_run_id="run",
        closing=HistoryEvent(event_id=9),
    ),
    effects.StartOperation(
        event_id=9,
        namespace_id="namespace",
        source=EXECUTION,
        scheduled=HistoryEvent(event_id=9),
        expires_at=7,
    ),
    effects.CancelOperation(
        event_id=10,
        namespace_id="namespace",
        source=EXECUTION,
        scheduled=HistoryEvent(event_id=9),
        token="theirs",
        expires_at=0,
    ),
    effects.TellCaller(
        event_id=-1,
        namespace_id="namespace",
        callback=Callback(nexus=Callback.Nexus(url="temporal://system")),
        closing=HistoryEvent(event_id=9),
        started_at=7,
        link=Link(),
    ),
]


@pytest.mark.parametrize("delivery", DELIVERIES, ids=lambda delivery: type(delivery).__name__)
def test_a_message_to_another_run_comes_back_as_it_was(delivery: Delivery) -> None:
    assert codec.decode_delivery(codec.encode_delivery(delivery)) == delivery


def test_every_kind_of_message_is_known() -> None:
    assert {type(delivery) for delivery in DELIVERIES} == set(Delivery.__args__)


def test_a_state_comes_back_as_it_was() -> None:
    story = Story()
    story.start()
    story.do(tell.schedule_activity(), tell.start_timer(), tell.start_child())
    story.take_activity()
    story.beat()
    story.update()
    story.signal(request_id="seen")

    assert codec.decode_state(codec.encode_state(story.state)) == story.state


def test_a_large_state_is_stored_small() -> None:
    story = Story()
    story.start()
    for number in range(1_000):
        story.signal(request_id=f"the same prefix again and again {number}")

    stored = codec.encode_state(story.state)

    assert stored[:1] == codec.DEFLATED
    assert len(stored) < 20_000
    assert codec.decode_state(stored) == story.state


def test_bytes_of_a_later_release_are_refused() -> None:
    with pytest.raises(Unreadable, match="unknown version"):
        codec.decode_state(b"\xff" + codec.encode_state(Story().state)[1:])
