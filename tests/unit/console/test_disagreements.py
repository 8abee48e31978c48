"""What each SDK says of code and history that part, and what is read out of it."""

from time import process_time

import pytest

from console.gateway import disagreements

CORE = "[TMPRL1100] Nondeterminism error: "
GO = "[TMPRL1100] nondeterministic workflow: "
JAVA = "io.temporal.worker.NonDeterministicException: [TMPRL1100] Failure handling event"

#: sentence -> (event, found, expected)
SENTENCES = [
    # the core: Python, TypeScript, .NET, Ruby
    (
        f"{CORE}Timer machine does not handle this event: "
        "HistoryEvent(id: 5, ActivityTaskScheduled)",
        (5, "ActivityTaskScheduled", "a timer"),
    ),
    (
        f"{CORE}Complete workflow machine does not handle this event: "
        "HistoryEvent(id: 5, TimerStarted)",
        (5, "TimerStarted", "to complete the run"),
    ),
    (
        f"{CORE}Activity machine does not handle this event: "
        "HistoryEvent(id: 1182, StartChildWorkflowExecutionInitiated)",
        (1182, "StartChildWorkflowExecutionInitiated", "an activity"),
    ),
    (
        f"{CORE}Continue as new workflow machine does not handle this event: "
        "HistoryEvent(id: 21, SignalExternalWorkflowExecutionInitiated)",
        (21, "SignalExternalWorkflowExecutionInitiated", "to continue as new"),
    ),
    (
        f"{CORE}ModifyWorkflowPropertiesMachine does not handle "
        "HistoryEvent(id: 5, ActivityTaskScheduled)",
        (5, "ActivityTaskScheduled", "to change the memo"),
    ),
    (
        f"{CORE}No command scheduled for event HistoryEvent(id: 38, ActivityTaskScheduled)",
        (38, "ActivityTaskScheduled", "nothing"),
    ),
    (
        'error: RunUpdateErr(Nondeterminism("No command scheduled for event '
        'HistoryEvent(id: 6, Some(ActivityTaskScheduled))"))',
        (6, "ActivityTaskScheduled", "nothing"),
    ),
    (
        f"{CORE}Activity type of scheduled event 'replayprobe_first' does not match activity type "
        "of activity command 'replayprobe_second'",
        (0, "ActivityTaskScheduled replayprobe_first", "the activity replayprobe_second"),
    ),
    (
        f"{CORE}Child workflow id of scheduled event\n    'f81e74af9ad4' does not match child "
        "workflow id of command '621a3b61a5e8'",
        (0, "StartChildWorkflowExecutionInitiated", "the child workflow with the id 621a3b61a5e8"),
    ),
    (
        f"{CORE}Timer fired event did not have expected timer id 1, it was 2!",
        (0, "TimerFired", "the timer 1"),
    ),
    (
        "[TMPRL1100] Nondeterminism error: Non-deprecated patch marker encountered for change "
        "my-change-id, but there is no corresponding change command!",
        (0, "MarkerRecorded patch my-change-id", "nothing"),
    ),
    # Go, and PHP
    (
        f"{GO}history event is ActivityTaskScheduled: (ActivityId:5, ActivityType:(Name:Foo)), "
        "replay command is ScheduleActivityTask: (ActivityId:5, ActivityType:(Name:Bar))",
        (0, "ActivityTaskScheduled Foo", "the activity Bar"),
    ),
    (
        f"{GO}history event is TimerStarted: (TimerId:1, StartToFireTimeoutSeconds:60), replay "
        "decision is ScheduleActivityTask: (ActivityId:1, ActivityType:(Name:flow.ActivityC))",
        (0, "TimerStarted", "the activity flow.ActivityC"),
    ),
    (
        f"{GO}missing replay command for ActivityTaskScheduled: "
        "(ActivityId:5, ActivityType:(Name:Foo))",
        (0, "ActivityTaskScheduled Foo", "nothing"),
    ),
    (
        f"{GO}extra replay command for ScheduleActivityTask: "
        "(ActivityId:61, ActivityType:(Name:Programmes.Programme_getContent)",
        (0, "nothing", "the activity Programmes.Programme_getContent"),
    ),
    (
        "[TMPRL1100] During replay, a matching Timer command was expected in history event "
        "position 34. However, the replayed code did not produce that.",
        (34, "TimerStarted", "nothing"),
    ),
    (
        "[TMPRL1100] lookup failed for scheduledEventID to activityID: scheduleEventID: 7, "
        "activityID: 7",
        (7, "ActivityTaskScheduled", "nothing"),
    ),
    # Java
    (
        f"{JAVA} 11 of type 'EVENT_TYPE_TIMER_STARTED' during replay. [TMPRL1100] Event 11 of type "
        "EVENT_TYPE_TIMER_STARTED does not match command type "
        "COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION. {WorkflowTaskStartedEventId=17}",
        (11, "TimerStarted", "to complete the run"),
    ),
    (
        "io.temporal.worker.NonDeterministicException: Failure handling event 21 of type "
        "'EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED' during replay. Event 21 of type "
        "EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED does not match command type "
        "COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION.",
        (21, "SignalExternalWorkflowExecutionInitiated", "a child workflow"),
    ),
    (
        f"{JAVA} 5 of type 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED' during replay. [TMPRL1100] Command "
        "COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK doesn't match event "
        "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED with EventId=5 on check activityType with an expected "
        "value 'name: \"ChargeCustomer\"'",
        (5, "ActivityTaskScheduled", "an activity with another activityType"),
    ),
    (
        "io.temporal.worker.NonDeterministicException:\n  Failure handling event 15 of type "
        "'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED' during replay.\n  No command scheduled that "
        "corresponds to event_id: 15",
        (15, "ActivityTaskScheduled", "nothing"),
    ),
    ("[TMPRL1100] a sentence that nobody knows yet", (0, "", "")),
]


@pytest.mark.parametrize(("said", "meant"), SENTENCES)
def test_a_sentence_tells_the_event_what_is_there_and_what_the_code_expected(
    said: str, meant: tuple[int, str, str]
) -> None:
    broke = disagreements.read(said)

    assert disagreements.is_one(said)
    assert (broke.event_id, broke.found, broke.expected) == meant


def test_the_words_are_shown_without_what_the_event_carries() -> None:
    core = (
        f"{CORE}Child workflow machine does not handle this event: HistoryEvent {{ event_id: 5, "
        "event_time: Some(Timestamp { seconds: 1795814803, nanos: 28 }), event_type: "
        "ActivityTaskScheduled, version: 0, attributes: Some(ActivityTaskScheduledEventAttributes("
        "ActivityTaskScheduledEventAttributes { input: Some(Payloads { payloads: [[IjkuOTki]] }) }"
    )
    go = (
        f"{GO}history event is ActivityTaskScheduled: (ActivityId:5, ActivityType:(Name:Foo), "
        "Input:(Payloads:[{IjkuOTki}])), replay command is ScheduleActivityTask: (ActivityId:5, "
        "ActivityType:(Name:Bar), Header:(Fields:map[]), Input:(Payloads:[{IjkuOTki}]))"
    )

    for said in (core, go):
        assert "IjkuOTki" not in disagreements.brief(said)
    assert disagreements.brief(core).endswith("HistoryEvent(id: 5, ActivityTaskScheduled)")
    assert disagreements.read(core).expected == "a child workflow"
    assert disagreements.read(go).expected == "the activity Bar"


def test_a_long_message_that_begins_many_events_is_read_soon() -> None:
    began = process_time()

    assert disagreements.read("HistoryEvent { event_id: 1, " * 50_000).kind == ""

    assert process_time() - began < 10
