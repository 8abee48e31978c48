"""What the list asks beside the list, which tells no counts."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from django.conf import settings
from django.core.cache import cache

from console.gateway import batches
from console.gateway.batches import BatchDetail, BatchSummary
from console.gateway.channel import GatewayError, Trouble

#: How many are asked at a look. The page looks every few seconds: the rest is told a little later.
RUNNING_MAX = 5
ENDED_MAX = 15
#: What has ended stays as it is.
KEEP_SECONDS = 86_400


def details(namespace: str, found: tuple[BatchSummary, ...]) -> dict[str, BatchDetail]:
    """How far each is, or how it ended, of as many as one look may ask for."""
    running = [one for one in found if one.state == "RUNNING"][:RUNNING_MAX]
    ended = {_key(namespace, one): one for one in found if one.state != "RUNNING"}
    kept: dict[str, BatchDetail] = cache.get_many(ended)
    new = {key: one for key, one in ended.items() if key not in kept}
    asked = dict(_asked(namespace, list(new.values())[:ENDED_MAX]))
    cache.set_many(
        {key: asked[one.id] for key, one in new.items() if one.id in asked}, KEEP_SECONDS
    )
    kept_by_id = {one.summary.id: one for one in kept.values()}
    return kept_by_id | asked | dict(_asked(namespace, running))


def _asked(namespace: str, some: list[BatchSummary]) -> Iterator[tuple[str, BatchDetail]]:
    for one in some:
        try:
            found = batches.describe(namespace, one.id)
        except GatewayError as gone:
            if gone.trouble is not Trouble.NOT_FOUND:
                raise
        else:
            yield one.id, replace(found, runs=())


def _key(namespace: str, one: BatchSummary) -> str:
    known = f"{settings.ENGINE_ADDRESS} {namespace} {one.id} {one.started_at} {one.closed_at}"
    return f"batch:{sha256(known.encode()).hexdigest()}"
