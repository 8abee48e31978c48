"""Rows -> operations, reply -> verdicts."""

from typing import Any

import pytest

from search.records import Claimed, VisibilityRecord, encode
from search.relay import bulk
from tests.support.visibility import a_record


def row(seq: int, record: VisibilityRecord) -> Claimed:
    return Claimed(seq, record.run_id, record.version, encode(record))


def item(status: int, reason: str | None = None) -> dict[str, Any]:
    error = {"type": "some_exception", "reason": reason}
    return {"index": {"status": status} | ({"error": error} if reason else {})}


def test_only_the_newest_of_a_run_is_sent() -> None:
    rows = [
        row(1, a_record("a", version=2)),
        row(2, a_record("b", version=1)),
        row(3, a_record("a", version=3)),
        row(4, a_record("a", version=1)),
    ]

    batch = bulk.read(rows)

    assert {seq: record.version for seq, record in batch.records.items()} == {2: 1, 3: 3}
    assert sorted(batch.overtaken) == [1, 4]


def test_bytes_that_are_no_record_are_told_apart() -> None:
    batch = bulk.read([Claimed(1, "a", 1, b"\xc1"), row(2, a_record("b"))])

    assert list(batch.records) == [2]
    assert batch.unreadable[1].startswith("not a record")


def test_each_generation_is_written_by_its_own_alias_at_the_records_version() -> None:
    gone = a_record("gone", version=7, deleted=True)

    first, document, second, _, third, fourth = bulk.operations(
        [a_record("a"), gone], ["v-1", "v-2"]
    )

    target = {"_index": "v-1-write", "_id": "a", "version": 1, "version_type": "external"}
    assert first == {"index": target}
    assert document["run_id"] == "a"
    assert second["index"]["_index"] == "v-2-write"
    assert [third["delete"]["_index"], fourth["delete"]["version"]] == ["v-1-write", 7]


@pytest.mark.parametrize("status", [200, 201])
def test_what_was_written_is_done(status: int) -> None:
    assert bulk.outcome([1], 1, [item(status)]).done == [1]


def test_a_version_conflict_is_as_good_as_done() -> None:
    assert bulk.outcome([1], 1, [item(409, "newer")]).done == [1]


def test_a_delete_that_finds_nothing_is_done() -> None:
    assert bulk.outcome([1], 1, [{"delete": {"status": 404, "result": "not_found"}}]).done == [1]


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_what_may_pass_is_left_for_later(status: int) -> None:
    assert list(bulk.outcome([1], 1, [item(status, "busy")]).later) == [1]


def test_what_can_never_pass_is_poison_with_its_reason() -> None:
    assert bulk.outcome([1], 1, [item(400, "strict mapping")]).poison == {
        1: "400: some_exception: strict mapping"
    }


def test_a_row_is_done_when_all_generations_have_it() -> None:
    items = [item(201), item(503, "busy"), item(201), item(400, "bad"), item(201), item(409, "old")]

    outcome = bulk.outcome([1, 2, 3], 2, items)

    assert (list(outcome.later), list(outcome.poison), outcome.done) == ([1], [2], [3])
