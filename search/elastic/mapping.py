"""The index of a generation, and a record as its document; pure.

Times are microseconds since the epoch in `long` fields: PostgreSQL's own resolution, so
that both backends compare, sort and page by the same numbers. Whatever has no field of
its own lies in `slots`, one flattened field, by type and name (search/attributes.py).
"""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from search.attributes import EPOCH, ValueType, micros, stored_slots, taken_apart
from search.records import VisibilityRecord

#: Grows with each change below, and where records hold more than they did; a generation of
#: another version asks for a rebuild.
VERSION = 3
REFRESH_INTERVAL = "500ms"
#: A late older version must not bring a deleted run back.
DELETES_KEPT_FOR = "2h"
#: Between the name of an attribute and a value in `parts`.
SEPARATOR = "\x1f"

_KEYWORD = {"type": "keyword"}
_LONG = {"type": "long"}
_ONLY_KEPT = {"type": "keyword", "index": False, "doc_values": False}
_BYTES = {"type": "binary"}

_KEYWORDS = (
    "namespace_id",
    "workflow_id",
    "run_id",
    "workflow_type",
    "task_queue",
    "status",
    "parent_workflow_id",
    "parent_run_id",
    "root_workflow_id",
    "root_run_id",
    "first_run_id",
    "last_failure_type",
    "failure_fingerprint",
)
_NUMBERS = (
    "version",
    "history_length",
    "history_size_bytes",
    "state_transition_count",
    "execution_duration_ns",
    "pending_activity_count",
    "failing_activity_count",
    "activity_attempt_max",
)
_TIMES = ("start_time", "execution_time", "close_time", "next_retry_time", "next_timer_time")
_BINARIES = ("memo", "search_attributes")

PROPERTIES: Mapping[str, Any] = {
    **dict.fromkeys(_KEYWORDS, _KEYWORD),
    **dict.fromkeys((*_NUMBERS, *_TIMES), _LONG),
    **dict.fromkeys(_BINARIES, _BYTES),
    "last_failure_message": _ONLY_KEPT,
    "slots": {"type": "flattened"},
    # CONTAINS looks here: the server has no wildcards inside a flattened field.
    "parts": {"type": "keyword", "doc_values": False},
}


def index_body(shards: int) -> dict[str, Any]:
    return {
        "mappings": {
            "dynamic": "strict",
            "_meta": {"version": VERSION},
            "properties": dict(PROPERTIES),
        },
        "settings": {
            "number_of_shards": shards,
            "auto_expand_replicas": "0-1",
            "refresh_interval": REFRESH_INTERVAL,
            "gc_deletes": DELETES_KEPT_FOR,
        },
    }


def write_alias(generation: str) -> str:
    return f"{generation}-write"


def document(record: VisibilityRecord) -> dict[str, Any]:
    """Without what is missing: an absent field is what every test takes for missing."""
    found: dict[str, Any] = {name: getattr(record, name) for name in (*_KEYWORDS, *_NUMBERS)}
    for name in _TIMES:
        moment = getattr(record, name)
        found[name] = None if moment is None else micros(moment)
    for name in _BINARIES:
        found[name] = base64.b64encode(getattr(record, name)).decode() or None
    found["last_failure_message"] = record.last_failure_message
    slots = stored_slots(record)
    found["slots"] = slots or None
    found["parts"] = list(_parts(slots)) or None
    return {name: value for name, value in found.items() if value is not None}


def _parts(slots: Mapping[str, Mapping[str, str | list[str]]]) -> list[str]:
    parts = []
    for type_ in (ValueType.KEYWORD, ValueType.KEYWORD_LIST):
        for name, held in slots.get(type_, {}).items():
            values = held if isinstance(held, list) else [held]
            parts += [f"{type_}.{name}{SEPARATOR}{value}" for value in values]
    return parts


def record_of(source: Mapping[str, Any]) -> VisibilityRecord:
    fields: dict[str, Any] = {
        name: source.get(name) for name in (*_KEYWORDS, *_NUMBERS, "last_failure_message")
    }
    for name in _TIMES:
        fields[name] = _moment(source.get(name))
    for name in _BINARIES:
        fields[name] = base64.b64decode(source.get(name, ""))
    return VisibilityRecord(**fields, **taken_apart(source.get("slots", {})))


def _moment(found: int | None) -> datetime | None:
    return None if found is None else EPOCH + timedelta(microseconds=found)
