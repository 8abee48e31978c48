"""What a list of workers can be asked: the query language of runs, over heartbeats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import WorkerStatus
from temporalio.api.worker.v1 import WorkerHeartbeat

from engine.errors import InvalidArgument
from engine.frontend.visibility import QUERY_CHARACTERS_MAX
from search.attributes import Attribute, ValueType
from search.query import nodes
from search.query.check import check
from search.query.compile import compile_to
from search.query.errors import QueryError
from search.query.parser import parse

Says = Callable[[WorkerHeartbeat], bool]

_STATUSES = {
    WorkerStatus.WORKER_STATUS_RUNNING: "Running",
    WorkerStatus.WORKER_STATUS_SHUTTING_DOWN: "ShuttingDown",
    WorkerStatus.WORKER_STATUS_SHUTDOWN: "Shutdown",
}


def _status(beat: WorkerHeartbeat) -> str:
    return _STATUSES.get(beat.status, "Unspecified")


def _moment(given: Timestamp) -> datetime | None:
    """A worker may say what is no time."""
    try:
        return given.ToDatetime(UTC) if given.ByteSize() else None
    except (ValueError, OverflowError):
        return None


_TEXTS: Mapping[str, Callable[[WorkerHeartbeat], str]] = {
    "BuildId": lambda beat: beat.deployment_version.build_id,
    "DeploymentName": lambda beat: beat.deployment_version.deployment_name,
    "HostName": lambda beat: beat.host_info.host_name,
    "SdkName": lambda beat: beat.sdk_name,
    "SdkVersion": lambda beat: beat.sdk_version,
    "Status": _status,
    "TaskQueue": lambda beat: beat.task_queue,
    "WorkerIdentity": lambda beat: beat.worker_identity,
    "WorkerInstanceKey": lambda beat: beat.worker_instance_key,
    "WorkerStatus": _status,
}
_TIMES: Mapping[str, Callable[[WorkerHeartbeat], datetime | None]] = {
    "HeartbeatTime": lambda beat: _moment(beat.heartbeat_time),
    "StartTime": lambda beat: _moment(beat.start_time),
}
_ATTRIBUTES = {
    **dict.fromkeys(_TEXTS, ValueType.KEYWORD),
    **dict.fromkeys(_TIMES, ValueType.DATETIME),
}


def read(query: str, now: datetime) -> Says:
    """Refused where the dev server answers with nothing: a name that it does not know."""
    if len(query) > QUERY_CHARACTERS_MAX:
        raise InvalidArgument("invalid query: too long")
    try:
        parsed = parse(query)
        if parsed.order or parsed.group:
            raise InvalidArgument("malformed query: workers are neither ordered nor grouped")
        meaning = check(parsed, _ATTRIBUTES, now).meaning
        return compile_to(_Workers(), meaning)
    except QueryError as trouble:
        raise InvalidArgument(f"malformed query: {trouble}") from trouble


def _value(attribute: Attribute, beat: WorkerHeartbeat) -> Any:
    """None where the worker does not say."""
    if attribute.name in _TIMES:
        return _TIMES[attribute.name](beat)
    return _TEXTS[attribute.name](beat) or None


def _known(attribute: Attribute) -> Attribute:
    """Some words mean something of runs alone."""
    if attribute.name not in _ATTRIBUTES:
        raise InvalidArgument(f"malformed query: a worker has no {attribute.name}")
    return attribute


class _Workers:
    def everything(self) -> Says:
        return lambda _: True

    def is_one_of(self, test: nodes.IsOneOf) -> Says:
        attribute = _known(test.attribute)
        return lambda beat: _value(attribute, beat) in test.values

    def is_between(self, test: nodes.IsBetween) -> Says:
        attribute = _known(test.attribute)

        def says(beat: WorkerHeartbeat) -> bool:
            value = _value(attribute, beat)
            return value is not None and _is_above(test, value) and _is_below(test, value)

        return says

    def starts_with(self, test: nodes.StartsWith) -> Says:
        attribute = _known(test.attribute)
        return lambda beat: (_value(attribute, beat) or "").startswith(test.text)

    def contains(self, test: nodes.Contains) -> Says:
        attribute = _known(test.attribute)
        return lambda beat: test.text in (_value(attribute, beat) or "")

    def has_words(self, test: nodes.HasWords) -> Says:
        raise InvalidArgument(f"malformed query: a worker has no {test.attribute.name}")

    def is_present(self, test: nodes.IsPresent) -> Says:
        attribute = _known(test.attribute)
        return lambda beat: _value(attribute, beat) is not None

    def negated(self, term: Says) -> Says:
        return lambda beat: not term(beat)

    def all_of(self, terms: Sequence[Says]) -> Says:
        return lambda beat: all(term(beat) for term in terms)

    def any_of(self, terms: Sequence[Says]) -> Says:
        return lambda beat: any(term(beat) for term in terms)


def _is_above(test: nodes.IsBetween, value: Any) -> bool:
    if test.low is None:
        return True
    return bool(value >= test.low.value if test.low.inclusive else value > test.low.value)


def _is_below(test: nodes.IsBetween, value: Any) -> bool:
    if test.high is None:
        return True
    return bool(value <= test.high.value if test.high.inclusive else value < test.high.value)
