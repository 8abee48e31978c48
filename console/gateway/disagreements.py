"""What an SDK says when code and history do not agree -> where, what the code expected there, and
what the history has. Pure.

Each SDK has sentences of its own: those on the core (Python, TypeScript, .NET, Ruby) one kind, Go
(PHP too) and Java others. A sentence that nobody knows leaves its fields empty, and is shown as
it came.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

SIGNS = ("tmprl1100", "nondeterminis", "non-deterministic")
SAID_LETTERS = 600
NOTHING = "nothing"
#: the core's name of a machine -> the command that it carries
MACHINES = {
    "activity": "ScheduleActivityTask",
    "local activity": "LocalActivity",
    "timer": "StartTimer",
    "child workflow": "StartChildWorkflowExecution",
    "complete workflow": "CompleteWorkflowExecution",
    "fail workflow": "FailWorkflowExecution",
    "cancel workflow": "CancelWorkflowExecution",
    "continue as new workflow": "ContinueAsNewWorkflowExecution",
    "signal external wf": "SignalExternalWorkflowExecution",
    "cancel external wf": "RequestCancelExternalWorkflowExecution",
    "upsertworkflowsearchattributes": "UpsertWorkflowSearchAttributes",
    "modifyworkflowproperties": "ModifyWorkflowProperties",
    "nexus operation": "ScheduleNexusOperation",
    "update": "ProtocolMessage",
    "patch": "RecordMarker",
}
COMMANDS = {
    "ScheduleActivityTask": "an activity",
    "LocalActivity": "a local activity",
    "RequestCancelActivityTask": "to cancel an activity",
    "StartTimer": "a timer",
    "CancelTimer": "to cancel a timer",
    "StartChildWorkflowExecution": "a child workflow",
    "CompleteWorkflowExecution": "to complete the run",
    "FailWorkflowExecution": "to fail the run",
    "CancelWorkflowExecution": "to cancel the run",
    "ContinueAsNewWorkflowExecution": "to continue as new",
    "SignalExternalWorkflowExecution": "a signal to another run",
    "RequestCancelExternalWorkflowExecution": "to cancel another run",
    "UpsertWorkflowSearchAttributes": "to change search attributes",
    "ModifyWorkflowProperties": "to change the memo",
    "ScheduleNexusOperation": "a Nexus operation",
    "ProtocolMessage": "an update",
    "RecordMarker": "a marker",
}
#: the core's long form of an event, up to its end; its type stands near its id
WHOLE_EVENT = re.compile(
    r"HistoryEvent \{ event_id: (\d{1,18}),.{0,400}?event_type: (\w+),.*", flags=re.DOTALL
)
#: Go's list of what an event or a command carries
CARRIED = re.compile(
    r", (?:Header|Input|Details|Result|Memo|Failure|SearchAttributes):.*?"
    r"(?=\), replay (?:command|decision) is|\)$|\Z)",
    flags=re.DOTALL,
)
#: of Go's short names
SHORT = {"Activity": "ActivityTaskScheduled", "Timer": "TimerStarted"}


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where code and history part. What the sentence does not tell is empty."""

    event_id: int = 0
    #: the protocol's word for the event
    kind: str = ""
    #: what the event is about: the type of an activity, the id of a child
    name: str = ""
    #: what the code did there instead, in words
    expected: str = ""
    #: the id that a program gave: of an activity, a timer, a child
    own_id: str = ""
    #: the history has several such events: it is this one, or one of those after it
    or_later: bool = False

    @property
    def found(self) -> str:
        """In the history."""
        return " ".join(part for part in (self.kind, self.name) if part)


def is_one(said: str) -> bool:
    return any(sign in said.lower() for sign in SIGNS)


def brief(said: str) -> str:
    """The words as they came, but for what the event carries: payloads are not for every eye."""
    said = WHOLE_EVENT.sub(r"HistoryEvent(id: \1, \2)", said)
    said = CARRIED.sub(", …", said)
    return said if len(said) <= SAID_LETTERS else f"{said[:SAID_LETTERS]}…"


def read(said: str) -> Break:
    said = re.sub(r"\s+", " ", brief(said))
    for pattern, build in SENTENCES:
        if found := pattern.search(said):
            return build(found)
    return Break()


def _by_machine(found: re.Match[str]) -> Break:
    machine = re.sub(r" ?machine$", "", found["machine"].lower())
    expected = COMMANDS.get(MACHINES.get(machine, ""), machine)
    return Break(int(found["id"]), found["kind"], expected=expected)


def _unmatched(found: re.Match[str]) -> Break:
    return Break(int(found["id"]), found["kind"], expected=NOTHING)


#: what is compared, as the core names it -> (the event's kind, is it an id)
COMPARED = {
    "Activity type": ("ActivityTaskScheduled", False),
    "Activity id": ("ActivityTaskScheduled", True),
    "Child workflow type": ("StartChildWorkflowExecutionInitiated", False),
    "Child workflow id": ("StartChildWorkflowExecutionInitiated", True),
}


def _by_name(found: re.Match[str]) -> Break:
    kind, is_id = COMPARED[found["what"]]
    thing = "the activity" if kind.startswith("Activity") else "the child workflow"
    if is_id:
        return Break(0, kind, "", f"{thing} with the id {found['theirs']}", found["own"])
    return Break(0, kind, found["own"], f"{thing} {found['theirs']}")


def _timer(found: re.Match[str]) -> Break:
    return Break(0, "TimerFired", "", f"the timer {found['theirs']}", found["own"])


def _patch(found: re.Match[str]) -> Break:
    return Break(0, "MarkerRecorded", f"patch {found['name']}", NOTHING)


def _go_event(words: str) -> Break:
    """`ActivityTaskScheduled: (ActivityId:5, ActivityType:(Name:Foo), …)`"""
    kind = words.partition(":")[0].partition(" ")[0]
    return Break(0, kind, _go_name(words), "", _go_id(words))


def _go_command(words: str) -> str:
    command = words.partition(":")[0].partition(" ")[0]
    name, said = _go_name(words), COMMANDS.get(command, command)
    return f"the {said.split(' ', 1)[1]} {name}" if name and said.startswith("a") else said


def _go_name(words: str) -> str:
    found = re.search(r"(?:Activity|Workflow)Type:\(Name:([^)]+)\)", words)
    return found[1] if found else ""


def _go_id(words: str) -> str:
    found = re.search(r"\((?:ActivityId|TimerId|WorkflowId):([^,)]+)", words)
    return found[1] if found else ""


def _go_other(found: re.Match[str]) -> Break:
    event = _go_event(found["event"])
    return Break(0, event.kind, event.name, _go_command(found["command"]), event.own_id)


def _go_missing(found: re.Match[str]) -> Break:
    event = _go_event(found["event"])
    return Break(0, event.kind, event.name, NOTHING, event.own_id)


def _go_extra(found: re.Match[str]) -> Break:
    return Break(0, NOTHING, "", _go_command(found["command"]))


def _go_position(found: re.Match[str]) -> Break:
    return Break(int(found["id"]), SHORT.get(found["kind"], ""), expected=NOTHING)


def _java(found: re.Match[str]) -> Break:
    command = COMMANDS.get(_camel(found["command"]), _camel(found["command"]))
    return Break(int(found["id"]), _camel(found["event"]), expected=command)


def _java_check(found: re.Match[str]) -> Break:
    made = _java(found)
    expected = f"{made.expected} with another {found['check']}"
    return Break(made.event_id, made.kind, expected=expected)


def _java_only_event(found: re.Match[str]) -> Break:
    expected = NOTHING if "No command scheduled" in found[0] else ""
    return Break(int(found["id"]), _camel(found["event"]), expected=expected)


def _camel(word: str) -> str:
    return "".join(part.capitalize() for part in word.split("_"))


def _sentence(text: str) -> re.Pattern[str]:
    at = r"HistoryEvent\(id: (?P<id>\d+), (?:Some\()?(?P<kind>\w+)"
    return re.compile(text.replace("<at>", at))


def _go_lookup(found: re.Match[str]) -> Break:
    return Break(int(found["id"]), "ActivityTaskScheduled", expected=NOTHING)


def _only_event(found: re.Match[str]) -> Break:
    return Break(int(found["id"]), found["kind"])


AT = r"HistoryEvent\(id: (?P<id>\d+), (?:Some\()?(?P<kind>\w+)"
EVENT, COMMAND = r"EVENT_TYPE_(?P<event>\w+)", r"COMMAND_TYPE_(?P<command>\w+)"
#: what is told, and how it is read; the first that fits holds
SENTENCES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Break]], ...] = tuple(
    (re.compile(told), build)
    for told, build in (
        # the core
        (
            rf"(?P<machine>[A-Z][A-Za-z ]*?) ?[mM]achine does not handle (?:this event: )?{AT}",
            _by_machine,
        ),
        (rf"(?:No command scheduled for event|matching command for it:) {AT}", _unmatched),
        (
            r"(?P<what>(?:Activity|Child workflow) (?:type|id)) of scheduled event '(?P<own>.*?)' "
            r"does not match [a-z ]+ command '(?P<theirs>.*?)'",
            _by_name,
        ),
        (r"expected timer id (?P<theirs>\S+), it was (?P<own>[^\s!]+)", _timer),
        (r"patch marker encountered for change (?P<name>.+?), but there is no", _patch),
        # Go
        (
            r"history event is (?P<event>.+?), replay (?:command|decision) is (?P<command>.+)",
            _go_other,
        ),
        (r"missing replay (?:command|decision) for (?P<event>.+)", _go_missing),
        (r"extra replay (?:command|decision) for (?P<command>.+)", _go_extra),
        (
            r"a matching (?P<kind>\w+) command was expected in history event position (?P<id>\d+)",
            _go_position,
        ),
        (r"lookup failed for scheduledEventID.*?: scheduleEventID: (?P<id>\d+)", _go_lookup),
        # Java
        (rf"Event (?P<id>\d+) of type {EVENT} does not match command type {COMMAND}", _java),
        (
            rf"Command {COMMAND} doesn't match event {EVENT} with EventId=(?P<id>\d+) "
            r"on check (?P<check>\w+)",
            _java_check,
        ),
        (rf"handling event (?P<id>\d+) of type '{EVENT}' during replay.*", _java_only_event),
        # whatever else names an event
        (AT, _only_event),
    )
)
