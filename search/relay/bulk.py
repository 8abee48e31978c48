"""Rows of the outbox -> bulk operations; the reply -> what becomes of each row. Pure.

A write carries its version as an external one, so the index itself drops what is old:
a conflict means that the row has been overtaken, which is as good as done.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from search.elastic.mapping import document, write_alias
from search.records import Claimed, VisibilityRecord, decode

ERROR_LENGTH_MAX = 2_000
REASON_LENGTH_MAX = 500

Operation = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    #: The newest record of each run, at the number of its row.
    records: dict[int, VisibilityRecord] = field(default_factory=dict)
    #: Rows that a newer row of the same batch says all about.
    overtaken: list[int] = field(default_factory=list)
    #: Rows that are no record, and why.
    unreadable: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    #: Seqs of rows that are in the index, or need not be.
    done: list[int] = field(default_factory=list)
    #: Rows that the index will never take, and why.
    poison: dict[int, str] = field(default_factory=dict)
    #: Rows that it may take another time, and why not now.
    later: dict[int, str] = field(default_factory=dict)


def read(rows: Sequence[Claimed]) -> Batch:
    batch = Batch()
    newest: dict[str, int] = {}
    for row in rows:
        try:
            record = decode(row.record)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            batch.unreadable[row.seq] = f"not a record: {problem}"[:ERROR_LENGTH_MAX]
            continue
        known = newest.get(record.run_id)
        if known is not None and batch.records[known].version >= record.version:
            batch.overtaken.append(row.seq)
            continue
        if known is not None:
            batch.overtaken.append(known)
            del batch.records[known]
        newest[record.run_id] = row.seq
        batch.records[row.seq] = record
    return batch


def operations(
    records: Iterable[VisibilityRecord], generations: Sequence[str]
) -> Iterable[Operation]:
    """Each record once for each generation, in this order."""
    for record in records:
        for generation in generations:
            yield from _write(record, generation)


def _write(record: VisibilityRecord, generation: str) -> Iterable[Operation]:
    target = {
        "_index": write_alias(generation),
        "_id": record.run_id,
        "version": record.version,
        "version_type": "external",
    }
    if record.deleted:
        yield {"delete": target}
    else:
        yield {"index": target}
        yield document(record)


def outcome(
    seqs: Sequence[int], generations: int, items: Sequence[Mapping[str, Mapping[str, Any]]]
) -> Outcome:
    """`items` as the index answered the operations of the rows `seqs`."""
    assert len(items) == len(seqs) * generations, "the index answers every operation"
    result = Outcome()
    for number, seq in enumerate(seqs):
        mine = items[number * generations : (number + 1) * generations]
        verdicts = [_verdict(next(iter(item.values()))) for item in mine]
        if later := [why for kind, why in verdicts if kind == "later"]:
            result.later[seq] = later[0]
        elif poison := [why for kind, why in verdicts if kind == "poison"]:
            result.poison[seq] = poison[0]
        else:
            result.done.append(seq)
    return result


def _verdict(item: Mapping[str, Any]) -> tuple[str, str]:
    status, error = item["status"], item.get("error")
    if error is None or status == 409:
        return "done", ""
    why = f"{status}: {_reason(error)}"[:ERROR_LENGTH_MAX]
    # 404: a generation that was dropped in between; the next batch does not name it.
    is_poison = 400 <= status < 500 and status not in {401, 403, 404, 408, 429}
    return ("poison", why) if is_poison else ("later", why)


def _reason(error: Mapping[str, Any]) -> str:
    cause = error.get("caused_by") or {}
    # The index quotes the value that it refuses, however long.
    reasons = [str(each.get("reason"))[:REASON_LENGTH_MAX] for each in (error, cause) if each]
    return f"{error.get('type')}: {'; '.join(reasons)}"
