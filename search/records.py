"""The visibility record, and what a reader answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

#: Attributes that have no column of their own: type -> name -> value, in the sortable
#: text of `search.attributes`. Made by `search.attributes.slots`, the same in both backends.
Slots = dict[str, dict[str, str | list[str]]]


class VisibilityRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is known of one run at one version; the highest version wins, in any order."""

    namespace_id: str
    workflow_id: str
    run_id: str
    #: Grows with every record of the run. Both backends drop what is not higher.
    version: int
    #: The run is gone (deleted or past its retention): its row goes too.
    deleted: bool = False

    workflow_type: str
    task_queue: str
    status: str
    start_time: datetime
    execution_time: datetime
    close_time: datetime | None = None
    history_length: int = 0
    history_size_bytes: int = 0
    state_transition_count: int = 0
    execution_duration_ns: int | None = None

    parent_workflow_id: str | None = None
    parent_run_id: str | None = None
    root_workflow_id: str = ""
    root_run_id: str = ""
    first_run_id: str = ""

    #: Serialised temporalio Memo and SearchAttributes, returned as they came.
    memo: bytes = b""
    search_attributes: bytes = b""
    #: The words of the memo's values, by `search.attributes.words`.
    memo_words: list[str] = []
    #: The folded names of the fields that these words are of; `*` where they cannot be told.
    memo_fields: list[str] = []
    #: The custom and predefined attributes, by `search.attributes.slots`.
    custom: Slots = {}

    pending_activity_count: int = 0
    failing_activity_count: int = 0
    failing_activity_types: list[str] = []
    activity_attempt_max: int = 0
    next_retry_time: datetime | None = None
    last_failure_type: str | None = None
    last_failure_message: str | None = None
    failure_fingerprint: str | None = None
    waiting_on: list[str] = []
    next_timer_time: datetime | None = None
    problems: list[str] = []
    #: What is paused, in the words of TemporalPauseInfo.
    paused: list[str] = []


class Claimed(NamedTuple):
    """A row of the outbox in the hands of a relay."""

    seq: int
    run_id: str
    version: int
    #: By `encode`.
    record: bytes


class Page(msgspec.Struct, frozen=True):
    records: list[VisibilityRecord]
    #: Empty on the last page.
    next_page_token: bytes


GroupValue = str | int | bool | datetime | None


class Group(msgspec.Struct, frozen=True):
    values: tuple[GroupValue, ...]
    count: int


class Grouped(msgspec.Struct, frozen=True):
    #: Of the largest groups alone: all runs that match, each once.
    total: int
    groups: list[Group]


def newest_of_each_run(records: Sequence[VisibilityRecord]) -> list[VisibilityRecord]:
    """One record a run, its newest: a batch may have stepped the same run twice."""
    newest: dict[str, VisibilityRecord] = {}
    for record in records:
        known = newest.get(record.run_id)
        if known is None or known.version < record.version:
            newest[record.run_id] = record
    return list(newest.values())


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(VisibilityRecord).decode
