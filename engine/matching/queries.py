"""Questions to workflows. They live in memory: who asks waits, and asks again if need be.

open ──carry──▶ carried by a workflow task ──settle──▶ answered, or given back (None)
  └──offered as a task of its own──────────answer───▶ answered
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from temporalio.api.enums.v1 import ResourceExhaustedCause, ResourceExhaustedScope
from temporalio.api.query.v1 import WorkflowQuery

from engine.clock import Clock
from engine.core.keys import RunKey
from engine.errors import ResourceExhausted, TaskNotFound
from engine.ports import HandlerAnswer, Query, QueryOutcome

OPEN_PER_RUN_MAX = 100


class Queries:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Query] = {}
        self._by_run: dict[RunKey, dict[str, Query]] = {}

    def open(self, run: RunKey, question: WorkflowQuery | None) -> Query:
        of_run = self._by_run.setdefault(run, {})
        if len(of_run) >= OPEN_PER_RUN_MAX:
            raise ResourceExhausted(
                "Too many queries wait for this workflow's worker.",
                cause=ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW,
                scope=ResourceExhaustedScope.RESOURCE_EXHAUSTED_SCOPE_NAMESPACE,
            )
        query = Query(
            id=self._clock.new_id(),
            run=run,
            question=question,
            answer=asyncio.get_running_loop().create_future(),
        )
        of_run[query.id] = self._open[query.id] = query
        return query

    def close(self, query: Query) -> None:
        self._open.pop(query.id, None)
        of_run = self._by_run.get(query.run, {})
        of_run.pop(query.id, None)
        if not of_run:
            self._by_run.pop(query.run, None)

    def carry(self, run: RunKey) -> list[Query]:
        carried = [
            query
            for query in self._by_run.get(run, {}).values()
            if query.about is None and not query.answer.done()
        ]
        for query in carried:
            query.is_carried = True
        return carried

    def settle(self, run: RunKey, outcomes: Mapping[str, QueryOutcome]) -> None:
        for query in self._by_run.get(run, {}).values():
            if query.is_carried and not query.answer.done():
                query.answer.set_result(outcomes.get(query.id))

    def answer(self, query_id: str, outcome: QueryOutcome | HandlerAnswer) -> None:
        query = self._open.get(query_id)
        if query is None or query.answer.done():
            raise TaskNotFound("query task not found, or already expired")
        query.answer.set_result(outcome)
