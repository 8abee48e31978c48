"""Statements sent together: one round trip, one transaction, one wait.

    record ──▶ begin, all statements, commit ──sent at once──▶ one answer each ──▶ done, or raised

psycopg's own pipeline waits for the socket some fifteen times a commit; for a writer, whose commits
are small and many, that was most of their cost. So this speaks to libpq, which psycopg wraps.
Statements are prepared as they are first used; parameters go as text, and the casts of the
statement say what they are.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple
from weakref import WeakKeyDictionary

from psycopg import errors, pq

from engine.store.arrays import array
from engine.store.pool import Connection

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?s")
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)

Parameters = Sequence[Any] | Mapping[str, Any]
Statement = tuple[LiteralString, Parameters]


class Prepared(NamedTuple):
    """`fields`: where each parameter is found; empty for those that are given in order."""

    name: bytes
    text: bytes
    fields: tuple[str, ...]


class Recorded:
    """Stands in for a connection of which nothing but `execute` is asked, and no answer."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    async def execute(self, statement: LiteralString, parameters: Parameters = ()) -> None:
        self.statements.append((statement, parameters))


_BEGIN: Statement = ("begin", ())
_COMMIT: Statement = ("commit", ())
_prepared: WeakKeyDictionary[Connection, dict[str, Prepared]] = WeakKeyDictionary()


async def run(connection: Connection, statements: Sequence[Statement]) -> None:
    """All of them in one transaction, or none, and the first refusal is raised."""
    known = _prepared.setdefault(connection, {})
    pgconn = connection.pgconn
    pgconn.enter_pipeline_mode()
    answers = 0
    for statement, parameters in (_BEGIN, *statements, _COMMIT):
        prepared = known.get(statement)
        if prepared is None:
            prepared = known[statement] = _prepare(statement, len(known))
            pgconn.send_prepare(prepared.name, prepared.text)
            answers += 1
        pgconn.send_query_prepared(prepared.name, _texts(prepared, parameters))
        answers += 1
    pgconn.pipeline_sync()
    await _flush(pgconn)
    refusal = await _refusal(pgconn, answers)
    pgconn.exit_pipeline_mode()
    if refusal is not None:
        # What was to be prepared after it was not.
        known.clear()
        await connection.rollback()
        await connection.execute("deallocate all", prepare=False)
        raise refusal


def _prepare(statement: str, number: int) -> Prepared:
    names = [found.group(1) for found in _PLACEHOLDER.finditer(statement)]
    fields = tuple(dict.fromkeys(name for name in names if name))
    places = iter(range(1, len(names) + 1))
    text = _PLACEHOLDER.sub(
        lambda found: f"${fields.index(found.group(1)) + 1 if found.group(1) else next(places)}",
        statement,
    )
    return Prepared(b"perdure_%d" % number, text.encode(), fields)


def _texts(prepared: Prepared, parameters: Parameters) -> list[bytes | None]:
    if isinstance(parameters, Mapping):
        parameters = [parameters[field] for field in prepared.fields]
    return [array(value) if type(value) is list else _text(value) for value in parameters]


def _text(value: object) -> bytes | None:
    if value is None:
        return None
    return (value.isoformat() if isinstance(value, datetime) else str(value)).encode()


async def _flush(pgconn: pq.abc.PGconn) -> None:
    while pgconn.flush():
        await _stirred(pgconn.socket, writable=True)
        # The server may have to be heard before it listens on.
        pgconn.consume_input()


async def _refusal(pgconn: pq.abc.PGconn, answers: int) -> Exception | None:
    """Take the answers up to the end of the pipeline: the first that is a refusal."""
    refusal: Exception | None = None
    for _ in range(answers):
        while (result := await _answer(pgconn)) is not None:
            if refusal is None and result.status not in _DONE:
                refusal = errors.error_from_result(result)
    end = await _answer(pgconn)
    assert end is not None, "a pipeline ends with its sync"
    if refusal is None and end.status != pq.ExecStatus.PIPELINE_SYNC:
        refusal = errors.error_from_result(end)
    return refusal


async def _answer(pgconn: pq.abc.PGconn) -> pq.abc.PGresult | None:
    while pgconn.is_busy():
        await _stirred(pgconn.socket)
        pgconn.consume_input()
    return pgconn.get_result()


async def _stirred(socket: int, *, writable: bool = False) -> None:
    loop = asyncio.get_running_loop()
    stirred = loop.create_future()

    def stir() -> None:
        if not stirred.done():
            stirred.set_result(None)

    loop.add_reader(socket, stir)
    if writable:
        loop.add_writer(socket, stir)
    try:
        await stirred
    finally:
        loop.remove_reader(socket)
        if writable:
            loop.remove_writer(socket)
