"""Is a part ready? Each check asks once; the supervisor asks again."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

ANSWER_SECONDS_MAX = 5.0

Check = Callable[[], Awaitable[bool]]
SETTLED_SECONDS = 1.0


async def settled() -> bool:
    """For what has no door to knock at: it lives a moment after its start."""
    await asyncio.sleep(SETTLED_SECONDS)
    return True


def tcp(port: int) -> Check:
    async def check() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    return check


def http(port: int, path: str) -> Check:
    """Any answer that is not the server's own fault will do."""

    async def check() -> bool:
        try:
            status = await asyncio.wait_for(_status(port, path), ANSWER_SECONDS_MAX)
        except (OSError, TimeoutError, EOFError):
            return False
        return 100 <= status < 500

    return check


async def _status(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        first = (await reader.readline()).split()
        return int(first[1]) if len(first) > 1 and first[1].isdigit() else 0
    finally:
        writer.close()


def searchable(url: str, alias: str) -> Check:
    """The index is there, with all that was committed before: its alias comes last."""
    # Late: a start that searches in PostgreSQL need not wait for this import.
    from elasticsearch import ApiError, AsyncElasticsearch, TransportError

    async def check() -> bool:
        async with AsyncElasticsearch(
            url, request_timeout=ANSWER_SECONDS_MAX, max_retries=0
        ) as client:
            try:
                await client.count(index=alias)
            except (ApiError, TransportError):
                return False
        return True

    return check


def grpc_health(address: str) -> Check:
    async def check() -> bool:
        async with grpc.aio.insecure_channel(address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            try:
                answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
            except grpc.aio.AioRpcError:
                return False
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    return check
