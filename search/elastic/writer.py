"""Generations of the index, and bulk writes to them (sync, for the relay).

Readers search by the alias `visibility`. Behind it lies one generation, an index
`visibility-000001`; while a rebuild runs there is a second beside it, not yet behind the
alias. Each generation is written by an alias of its own, `visibility-000001-write`, and
only by that: a write that comes after the generation was dropped fails, where a write to
the plain name would make a new index out of nothing.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError

from search.config import SearchConfig
from search.elastic import mapping

BULK_SECONDS_MAX = 30
SHARDS = 1
_NOT_NOW = {401, 403, 404, 408, 429, 500, 502, 503, 504}
_TOO_LARGE = 413


class IndexAway(Exception):
    """The index cannot take writes now; everything waits."""


class BulkTooLarge(Exception):
    """The server takes no body of this size."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except TransportError as problem:
        raise IndexAway(f"no answer: {problem}") from problem
    except ApiError as problem:
        if problem.status_code == _TOO_LARGE:
            raise BulkTooLarge(str(problem)) from problem
        if problem.status_code not in _NOT_NOW:
            raise
        raise IndexAway(str(problem)) from problem


def connect(config: SearchConfig) -> Elasticsearch:
    assert config.elasticsearch_url is not None, "a relay needs an index"
    # The outbox tries again; the client does not.
    return Elasticsearch(config.elasticsearch_url, request_timeout=BULK_SECONDS_MAX, max_retries=0)


def generations(client: Elasticsearch, alias: str) -> list[str]:
    """Every generation that is to be written, the oldest first."""
    with _translated():
        found = client.indices.get_alias(
            index=f"{alias}-*", name=f"{alias}-*-write", ignore_unavailable=True
        )
    return sorted(found)


def live(client: Elasticsearch, alias: str) -> str | None:
    """The generation that readers search; None before the first rebuild has ended."""
    with _translated():
        try:
            found = client.indices.get_alias(name=alias)
        except NotFoundError:
            return None
    return next(iter(sorted(found)), None)


def mapping_version(client: Elasticsearch, generation: str) -> int:
    with _translated():
        found = client.indices.get_mapping(index=generation)
    return int(found[generation]["mappings"].get("_meta", {}).get("version", 0))


def create_next(client: Elasticsearch, alias: str) -> str:
    numbers = [int(re.sub(r".*-", "", name)) for name in generations(client, alias)]
    name = f"{alias}-{max(numbers, default=0) + 1:06}"
    with _translated():
        client.indices.create(
            index=name, aliases={mapping.write_alias(name): {}}, **mapping.index_body(SHARDS)
        )
    return name


def bulk(client: Elasticsearch, operations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The reply's items, one for each operation."""
    with _translated():
        reply = client.bulk(operations=operations, require_alias=True)
    items: list[dict[str, Any]] = reply["items"]
    return items


def put_behind_alias(client: Elasticsearch, alias: str, generation: str) -> None:
    """In one step: readers see the old generation, then the new one, then the old is gone."""
    old = live(client, alias)
    actions: list[dict[str, Any]] = [{"add": {"index": generation, "alias": alias}}]
    if old is not None and old != generation:
        actions.append({"remove_index": {"index": old}})
    with _translated():
        client.indices.refresh(index=generation)
        client.indices.update_aliases(actions=actions)


def drop(client: Elasticsearch, generation: str) -> None:
    with _translated():
        client.indices.delete(index=generation, ignore_unavailable=True)
