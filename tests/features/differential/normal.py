"""Histories as text that is the same wherever the program ran.

Ids that a server makes up are numbered as they appear; times are left out; what only describes
the worker or the storage is left out. All else stays, so that it must be the same.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterable
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from tests.support.history import attributes_of, name_of

# Of the worker's version, or of how a server stores; nothing that a workflow can see.
LEFT_OUT = frozenset(
    {
        "workerVersion",
        "sdkMetadata",
        "meteringMetadata",
        "binaryChecksum",
        "historySizeBytes",
        "sourceVersionStamp",
        "namespaceId",
        "parentWorkflowNamespaceId",
        "externalPayloadStats",
        # Made by the server for itself, and empty on one of the two where nobody asked.
        "requestId",
        "prevAutoResetPoints",
        "protocolInstanceId",
        "acceptedRequestMessageId",
        "acceptedRequestSequencingEventId",
        "rejectedRequestMessageId",
        # Each server's own way to find the operation that is to be told.
        "temporal-callback-token",
    }
)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


class Normal:
    """One numbering of ids for all histories of a program."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def history(self, events: Iterable[HistoryEvent]) -> list[str]:
        return [self._line(event) for event in events]

    def words(self, said: str) -> str:
        return _ID.sub(self._numbered, said)

    def message(self, said: Message) -> str:
        told = json.dumps(self._value(MessageToDict(said)), sort_keys=True)
        return f"{type(said).__name__} {told}"

    def _line(self, event: HistoryEvent) -> str:
        told = self._value(MessageToDict(attributes_of(event)))
        _tell_apart(event, told)
        metadata = ""
        if event.HasField("user_metadata"):
            metadata = f" metadata {json.dumps(self._value(MessageToDict(event.user_metadata)))}"
        return f"{event.event_id} {name_of(event)} {json.dumps(told, sort_keys=True)}{metadata}"

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            kept = {key: self._value(each) for key, each in value.items() if key not in LEFT_OUT}
            return {key: each for key, each in kept.items() if each not in ({}, [], "", "0s")}
        if isinstance(value, list):
            return [self._value(each) for each in value]
        if isinstance(value, str):
            return "<time>" if _TIME.match(value) else _ID.sub(self._numbered, value)
        return value

    def _numbered(self, found: re.Match[str]) -> str:
        return self._ids.setdefault(found.group(), f"<id {len(self._ids) + 1}>")


def _tell_apart(event: HistoryEvent, told: dict[str, Any]) -> None:
    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
        # They name the run that came in its place.
        for payload in told.get("details", {}).get("payloads", []):
            payload["data"] = _ID.sub("<id>", b64decode(payload["data"]).decode())
        if told.get("identity") == "history-service":
            # As below: the cause, and each server's own words.
            told["reason"] = told["reason"].partition(": ")[0]
    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
        # The cause is the protocol's; each server has its own words for it behind the colon.
        message = told.get("failure", {}).get("message", "")
        told.setdefault("failure", {})["message"] = message.partition(": ")[0]
    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
        # The official server forgets it where a task that only carried an update fails.
        told.pop("identity", None)
    if "messageType" in told.get("result", {}).get("metadata", {}):
        # A message of the protocol, with ids in it: the program tells of it.
        told["result"].pop("data")
    if told.get("initiator") == "CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE":
        # Until the next time of the schedule; the servers are asked in different seconds.
        told["firstWorkflowTaskBackoff"] = f"{len(told['firstWorkflowTaskBackoff']) - 1} digits"
    if told.get("initiator") == "CONTINUE_AS_NEW_INITIATOR_WORKFLOW":
        # The official server lets no run of a chain be shorter than a second.
        told.pop("firstWorkflowTaskBackoff", None)
