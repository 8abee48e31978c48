"""What a query can name: each attribute, its type, and where its value lies.

A scalar that every run has lies in a column of its own. Everything else (custom
attributes, the predefined ones of the protocol, lists, full text) lies in *slots*, one a
type, as text that sorts the way its values do:

    Int, Datetime   16 hex digits, shifted so that the lowest is all zeros
    Double          16 hex digits of the IEEE bits, flipped so that they sort
    Bool            "true", "false"
    Text            its words, folded
    Keyword, KeywordList   as they are

So a new attribute needs no new column and no new mapping, a type changed by mistake never
meets the old values, and both backends compare the very same bytes.
"""

import itertools
import re
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, LiteralString, Protocol

import msgspec

from search.records import Slots, VisibilityRecord

#: Longer than the longest value that both backends index whole.
VALUE_BYTES_MAX = 2_048
#: Of a text, only the first so many words can be searched for.
WORDS_MAX = 1_000

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INT_MIN, INT_MAX = -(2**63), 2**63 - 1

Value = str | int | float | bool | datetime


class ValueType(StrEnum):
    """Named as the protocol's IndexedValueType."""

    TEXT = "Text"
    KEYWORD = "Keyword"
    INT = "Int"
    DOUBLE = "Double"
    BOOL = "Bool"
    DATETIME = "Datetime"
    KEYWORD_LIST = "KeywordList"


class Attribute(msgspec.Struct, frozen=True):
    name: str
    type: ValueType
    #: None: the value lies in the slot of its type.
    column: LiteralString | None = None
    #: The column counts nanoseconds; a query may say '90s'.
    is_duration: bool = False
    #: An open run has no value yet, and sorts as if it were later than any.
    open_ended: bool = False


#: The custom attributes of one namespace, which the engine stores with it.
CustomAttributes = Mapping[str, ValueType]


class Payload(Protocol):
    """As much of the protocol's Payload as is read here."""

    @property
    def data(self) -> bytes: ...
    @property
    def metadata(self) -> Mapping[str, bytes]: ...


class BadAttribute(ValueError):
    """A search attribute that a caller gave cannot be taken; the message names it."""


class UnknownAttribute(BadAttribute):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is no search attribute {name}")
        self.name = name


class WrongValue(BadAttribute):
    """The message leaves the value out: not everybody who reads it may see that."""

    def __init__(self, attribute: Attribute, given: Any) -> None:
        super().__init__(
            f"invalid value for search attribute {attribute.name} of type {attribute.type}"
        )
        self.given = given


def _table(*attributes: Attribute) -> Mapping[str, Attribute]:
    return MappingProxyType({attribute.name: attribute for attribute in attributes})


_T = ValueType

#: Written by the engine alone.
SYSTEM = _table(
    Attribute("WorkflowId", _T.KEYWORD, "workflow_id"),
    Attribute("WorkflowType", _T.KEYWORD, "workflow_type"),
    Attribute("RunId", _T.KEYWORD, "run_id"),
    Attribute("TaskQueue", _T.KEYWORD, "task_queue"),
    Attribute("ExecutionStatus", _T.KEYWORD, "status"),
    Attribute("StartTime", _T.DATETIME, "start_time"),
    Attribute("ExecutionTime", _T.DATETIME, "execution_time"),
    Attribute("CloseTime", _T.DATETIME, "close_time", open_ended=True),
    Attribute("ExecutionDuration", _T.INT, "execution_duration_ns", is_duration=True),
    Attribute("HistoryLength", _T.INT, "history_length"),
    Attribute("HistorySizeBytes", _T.INT, "history_size_bytes"),
    Attribute("StateTransitionCount", _T.INT, "state_transition_count"),
    Attribute("ParentWorkflowId", _T.KEYWORD, "parent_workflow_id"),
    Attribute("ParentRunId", _T.KEYWORD, "parent_run_id"),
    Attribute("RootWorkflowId", _T.KEYWORD, "root_workflow_id"),
    Attribute("RootRunId", _T.KEYWORD, "root_run_id"),
    Attribute("FirstRunId", _T.KEYWORD, "first_run_id"),
    Attribute("PendingActivityCount", _T.INT, "pending_activity_count"),
    Attribute("FailingActivityCount", _T.INT, "failing_activity_count"),
    Attribute("FailingActivityTypes", _T.KEYWORD_LIST),
    Attribute("ActivityAttemptMax", _T.INT, "activity_attempt_max"),
    Attribute("NextRetryTime", _T.DATETIME, "next_retry_time"),
    Attribute("LastFailureType", _T.KEYWORD, "last_failure_type"),
    Attribute("LastFailureMessage", _T.TEXT),
    Attribute("MemoText", _T.TEXT),
    Attribute("MemoFields", _T.KEYWORD_LIST),
    Attribute("FailureFingerprint", _T.KEYWORD, "failure_fingerprint"),
    Attribute("WaitingOn", _T.KEYWORD_LIST),
    Attribute("NextTimerTime", _T.DATETIME, "next_timer_time"),
    Attribute("TemporalReportedProblems", _T.KEYWORD_LIST),
)

#: Known in every namespace, and set by workers, SDKs and callers like custom ones.
PREDEFINED = _table(
    Attribute("BatcherNamespace", _T.KEYWORD),
    Attribute("BatcherUser", _T.KEYWORD),
    Attribute("BinaryChecksums", _T.KEYWORD_LIST),
    Attribute("BuildIds", _T.KEYWORD_LIST),
    Attribute("TemporalChangeVersion", _T.KEYWORD_LIST),
    Attribute("TemporalNamespaceDivision", _T.KEYWORD),
    Attribute("TemporalPauseInfo", _T.KEYWORD_LIST),
    Attribute("TemporalSchedulePaused", _T.BOOL),
    Attribute("TemporalScheduledById", _T.KEYWORD),
    Attribute("TemporalScheduledStartTime", _T.DATETIME),
    Attribute("TemporalUsedWorkerDeploymentVersions", _T.KEYWORD_LIST),
    Attribute("TemporalWorkerDeployment", _T.KEYWORD),
    Attribute("TemporalWorkerDeploymentVersion", _T.KEYWORD),
    Attribute("TemporalWorkflowVersioningBehavior", _T.KEYWORD),
)

#: What ExecutionStatus can be, at the number that the protocol gives it.
STATUSES = (
    "Unspecified",
    "Running",
    "Completed",
    "Failed",
    "Canceled",
    "Terminated",
    "ContinuedAsNew",
    "TimedOut",
    "Paused",
)


def find(name: str, custom: CustomAttributes) -> Attribute | None:
    known = SYSTEM.get(name) or PREDEFINED.get(name)
    if known is None and name in custom:
        return Attribute(name, custom[name])
    return known


def names(custom: CustomAttributes) -> list[str]:
    return [*SYSTEM, *PREDEFINED, *custom]


def slots(given: Mapping[str, Payload], custom: CustomAttributes) -> Slots:
    """The payloads of a run's search attributes, as its record carries them.

    Refuses with BadAttribute what is unknown, written by the engine alone, or of another
    type. A payload of null or of an empty list unsets its attribute.
    """
    found: Slots = {}
    for name, payload in given.items():
        attribute = find(name, custom)
        if attribute is None:
            raise UnknownAttribute(name)
        if name in SYSTEM:
            raise BadAttribute(f"{name} attribute can't be set in SearchAttributes")
        value = _value(attribute, payload)
        if value:
            found.setdefault(attribute.type.value, {})[name] = value
    return found


def _value(attribute: Attribute, payload: Payload) -> str | list[str] | None:
    try:
        given = msgspec.json.decode(payload.data) if payload.data else None
    except msgspec.DecodeError:
        raise BadAttribute(f"search attribute {attribute.name!r} is not JSON") from None
    if given is None or given == []:
        return None
    if attribute.type is ValueType.KEYWORD_LIST:
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            raise WrongValue(attribute, given)
        return sorted({_keyword(attribute, each) for each in given})
    many = given if isinstance(given, list) else [given]
    value = _scalar(attribute, many[0]) if len(many) == 1 else None
    if value is None:
        raise WrongValue(attribute, given)
    return value


def _scalar(attribute: Attribute, given: object) -> str | list[str] | None:
    """None for what is not of the type."""
    found: str | list[str] | None = None
    match attribute.type:
        case ValueType.TEXT if isinstance(given, str):
            found = words(given)
        case ValueType.KEYWORD if isinstance(given, str):
            found = _keyword(attribute, given)
        case ValueType.BOOL if isinstance(given, bool):
            found = sortable(given)
        case ValueType.INT if isinstance(given, int) and not isinstance(given, bool):
            found = sortable(given) if INT_MIN <= given <= INT_MAX else None
        case ValueType.DOUBLE if isinstance(given, int | float) and not isinstance(given, bool):
            found = sortable(float(given))
        case ValueType.DATETIME if isinstance(given, str):
            moment = instant(given)
            found = None if moment is None else sortable(moment)
    return found


def _keyword(attribute: Attribute, given: str) -> str:
    if "\0" in given or len(given.encode()) > VALUE_BYTES_MAX:
        raise BadAttribute(
            f"search attribute {attribute.name!r} is longer than {VALUE_BYTES_MAX} bytes,"
            " or holds a NUL"
        )
    return given


_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?(?:([Zz])|([+-]\d\d:\d\d))?)?"
)


def instant(text: str) -> datetime | None:
    """An RFC 3339 time, or a date for its first moment; without an offset it is UTC."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction, _, offset = match.groups()
    fraction_digits = (fraction or ".0")[1:7].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(
            f"{day}T{clock or '00:00:00'}.{fraction_digits}{offset or '+00:00'}"
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def micros(moment: datetime) -> int:
    """Since the epoch: the resolution at which both backends keep a time."""
    elapsed = moment - EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds


def sortable(value: Value) -> str:
    """A text whose order among those of its type is the order of the values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        value = micros(value)
    if isinstance(value, int):
        return f"{value + 2**63:016x}"
    if isinstance(value, float):
        bits = int.from_bytes(struct.pack(">d", value or 0.0))
        return f"{(bits ^ (2**64 - 1)) if bits >> 63 else (bits | 2**63):016x}"
    return value


_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """The distinct words of a text, folded: full text search matches these whole."""
    found = (match.group()[:100] for match in _WORD.finditer(text.casefold()))
    return sorted(set(itertools.islice(found, WORDS_MAX)))


_OWN_LISTS = (
    ("FailingActivityTypes", "failing_activity_types"),
    ("WaitingOn", "waiting_on"),
    ("MemoFields", "memo_fields"),
    ("TemporalReportedProblems", "problems"),
    ("TemporalPauseInfo", "paused"),
)


def stored_slots(record: VisibilityRecord) -> Slots:
    """All of the record's slots: its own lists and words beside the custom attributes."""
    lists = dict(record.custom.get(ValueType.KEYWORD_LIST, {}))
    texts = dict(record.custom.get(ValueType.TEXT, {}))
    for name, field in _OWN_LISTS:
        if own := getattr(record, field):
            lists[name] = list(dict.fromkeys(own))
    if found := words(record.last_failure_message or ""):
        texts["LastFailureMessage"] = found
    if record.memo_words:
        texts["MemoText"] = record.memo_words
    if not (lists or texts):
        return record.custom
    stored = dict(record.custom)
    if lists:
        stored[ValueType.KEYWORD_LIST.value] = lists
    if texts:
        stored[ValueType.TEXT.value] = texts
    return stored


def taken_apart(slots: Slots) -> dict[str, Any]:
    """The other way: the fields of a record that its stored slots hold."""
    lists = dict(slots.get(ValueType.KEYWORD_LIST, {}))
    texts = dict(slots.get(ValueType.TEXT, {}))
    texts.pop("LastFailureMessage", None)
    fields: dict[str, Any] = {field: lists.pop(name, []) for name, field in _OWN_LISTS}
    fields["memo_words"] = texts.pop("MemoText", [])
    custom = {**slots, ValueType.KEYWORD_LIST.value: lists, ValueType.TEXT.value: texts}
    fields["custom"] = {name: values for name, values in custom.items() if values}
    return fields
