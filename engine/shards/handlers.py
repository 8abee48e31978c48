"""Messages of runs that concern Nexus operations: to their handlers, and back to their callers."""

from __future__ import annotations

from engine.clock import Clock
from engine.core.effects import CancelOperation, StartOperation, TellCaller
from engine.core.inputs import CompletionAnswered, Input
from engine.core.keys import QueueKey, RunKey
from engine.errors import InvalidArgument, Unavailable
from engine.ports import Operations, Shards
from engine.protocol import tokens
from engine.protocol.nexus import handler_error
from engine.protocol.tokens import CallerToken
from engine.shards.telling import heir_of, is_running, unless_gone

#: These wait for a worker's answer.
ASKING = StartOperation | CancelOperation


class Handlers:
    def __init__(self, shards: Shards, clock: Clock) -> None:
        self._shards = shards
        self._clock = clock
        # Introduced when they are there.
        self.operations: Operations | None = None

    @property
    def _known(self) -> Operations:
        if self.operations is None:
            raise Unavailable("the Nexus endpoints are not there yet")
        return self.operations

    async def queue(self, given: StartOperation | CancelOperation) -> QueueKey | None:
        return await self._known.queue(given)

    async def start(self, given: StartOperation) -> Input:
        return await self._known.start(given)

    async def cancel(self, given: CancelOperation) -> Input:
        return await self._known.cancel(given)

    async def tell_caller(self, given: TellCaller) -> Input:
        """Its operation goes on in the run that a reset made of it, if one did."""
        number, at = -1 - given.event_id, self._clock.now()
        try:
            caller = caller_of(given)
            end = self._known.ending(given)
        except InvalidArgument as refusal:
            failure = handler_error("BAD_REQUEST", refusal.message)
            return CompletionAnswered(at=at, number=number, failure=failure)
        for target in (caller, await heir_of(self._shards, caller)):
            if target is not None and await is_running(self._shards, target):
                await unless_gone(self._shards, target, end)
                return CompletionAnswered(at=at, number=number)
        gone = handler_error("NOT_FOUND", "operation not found")
        return CompletionAnswered(at=at, number=number, failure=gone)


def caller_of(given: TellCaller) -> RunKey:
    """Refused with InvalidArgument where the callback does not say."""
    token = _token(given)
    return RunKey(token.namespace_id, token.workflow_id, token.run_id)


def operation_of(given: TellCaller) -> tuple[str, int]:
    """The run that asked for it, and the event by which it did; refused likewise."""
    token = _token(given)
    return token.run_id, token.scheduled_event_id


def _token(given: TellCaller) -> CallerToken:
    return tokens.caller(given.callback.nexus.header.get(tokens.CALLER_HEADER, ""))
