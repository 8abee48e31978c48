"""What stands around every RPC function: the call's deadline and headers, refusal -> status."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import Message

from engine.errors import EngineError
from engine.frontend import calls, statuses
from engine.frontend.parts import Parts

Function = Callable[[Parts, Any], Awaitable[Any]]
Behaviour = Callable[[Any, "grpc.aio.ServicerContext[Any, Any]"], Awaitable[Any]]

log = logging.getLogger(__name__)


def guarded(name: str, function: Function, parts: Parts) -> Behaviour:
    async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        calls.begin(context)
        try:
            return await function(parts, request)
        except EngineError as refusal:
            code, message, trailer = statuses.answer(refusal)
            await context.abort(code, message, trailer)
        except grpc.aio.AioRpcError as refusal:
            # Another node's, on its way to the caller.
            await context.abort(refusal.code(), refusal.details() or "", _trailer(refusal))
        except Exception:
            log.exception("%s failed", name)
            await context.abort(
                grpc.StatusCode.INTERNAL, f"{name} failed; the engine's log says why"
            )

    return call


def _trailer(refusal: grpc.aio.AioRpcError) -> tuple[tuple[str, bytes], ...]:
    given: Any = refusal.trailing_metadata() or ()
    return tuple((key, value) for key, value in given if key == statuses.TRAILER)


def serialised(response: Message | bytes) -> bytes:
    return response if isinstance(response, bytes) else response.SerializeToString()
