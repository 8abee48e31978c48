"""Reads of history: the serialised events of a run, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

from engine.store.pool import Connection

ROWS_PER_READ_MAX = 1_000
_EVENTS_TAG = 0x0A

_read: LiteralString = """
    select first_event_id, events
    from history
    where run_id = %(run_id)s
      and first_event_id <= %(last)s
      and first_event_id >= coalesce(
          (select max(first_event_id) from history
           where run_id = %(run_id)s and first_event_id <= %(first)s), 0)
    order by first_event_id
    limit %(rows)s
"""


async def read(
    connection: Connection, run_id: str, first: int, last: int, bytes_max: int
) -> list[bytes]:
    """Events `first` to `last`, as many as fit in `bytes_max`; at least one if there is one."""
    events: list[bytes] = []
    size = 0
    while first <= last:
        cursor = await connection.execute(
            _read, {"run_id": run_id, "first": first, "last": last, "rows": ROWS_PER_READ_MAX}
        )
        rows = await cursor.fetchall()
        for event_id, event in _within(rows, first, last):
            if events and size + len(event) > bytes_max:
                return events
            events.append(event)
            size += len(event)
            first = event_id + 1
        if len(rows) < ROWS_PER_READ_MAX:
            break
    return events


def _within(rows: list[tuple[object, ...]], first: int, last: int) -> Iterator[tuple[int, bytes]]:
    for first_event_id, batch in rows:
        assert isinstance(first_event_id, int), "an event id is a number"
        assert isinstance(batch, bytes), "events are bytes"
        for offset, event in enumerate(split(batch)):
            if first <= first_event_id + offset <= last:
                yield first_event_id + offset, event


def split(history: bytes) -> Iterator[bytes]:
    """The events of a serialised History, each as it was serialised."""
    position, end = 0, len(history)
    while position < end:
        assert history[position] == _EVENTS_TAG, "a History holds events only"
        length, shift, position = 0, 0, position + 1
        while True:
            byte = history[position]
            position += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        yield history[position : position + length]
        position += length
