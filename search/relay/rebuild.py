"""A new generation of the index beside the live one, then the alias.

    create the generation ──▶ copy every table ──▶ alias, old generation gone
      from here on the relay writes both

Nothing is lost: what was committed before the generation came to be is in the tables when
they are read, and what is committed after it is written by the relay to both generations.
The two may bring the same run in any order; versions decide.
"""

import logging
import threading
from collections.abc import Sequence

from search import outbox
from search.config import SearchConfig
from search.elastic import mapping, writer
from search.elastic.writer import IndexAway
from search.postgres import databases, table
from search.records import VisibilityRecord
from search.relay.drain import Index, write_all

ATTEMPTS_MAX = 60
ATTEMPT_SECONDS = 1.0
LOCK = "visibility rebuild"
#: The table does not know a run's shard, and only a person reads it in the outbox.
NO_SHARD = -1

log = logging.getLogger(__name__)


def ensure(config: SearchConfig, index: Index) -> str | None:
    """A rebuild where there is no index, or one of an older mapping; else the leavings go."""
    live = writer.live(index.client, index.alias)
    if live is None or writer.mapping_version(index.client, live) != mapping.VERSION:
        return rebuild(config, index)
    with databases.only_one(config.home, LOCK) as mine:
        if mine:
            _drop_unfinished(index)
    return None


def rebuild(config: SearchConfig, index: Index) -> str | None:
    """The name of the new generation; None where another rebuild is under way."""
    with databases.only_one(config.home, LOCK) as mine:
        if not mine:
            return None
        _drop_unfinished(index)
        generation = writer.create_next(index.client, index.alias)
        log.info("rebuilding the index as %s", generation)
        copied = sum(_copy(url, generation, index) for url in config.databases)
        writer.put_behind_alias(index.client, index.alias, generation)
        log.info("%s is live with %d runs", generation, copied)
        _resume(config)
        return generation


def _resume(config: SearchConfig) -> None:
    """An index that was not there yet looked away; what waits need not wait out its pause."""
    for url in config.databases:
        with databases.connected(url) as connection:
            outbox.resume(connection)


def _drop_unfinished(index: Index) -> None:
    """What a rebuild left that was killed. Nobody reads it, and the relay would write it."""
    live = writer.live(index.client, index.alias)
    for generation in writer.generations(index.client, index.alias):
        if generation != live:
            writer.drop(index.client, generation)


def _copy(url: str, generation: str, index: Index) -> int:
    copied = 0
    with databases.connected(url) as connection:
        for records in table.scan(connection):
            refused = _write(records, generation, index)
            # The outbox tries once more, and parks what is refused again.
            outbox.put_back(connection, [(NO_SHARD, record) for record in refused], index.clock())
            connection.commit()
            copied += len(records) - len(refused)
    return copied


def _write(
    records: Sequence[VisibilityRecord], generation: str, index: Index
) -> list[VisibilityRecord]:
    """Those that the index refuses."""
    numbered = list(enumerate(records))
    refused: list[VisibilityRecord] = []
    never = threading.Event()
    for _ in range(ATTEMPTS_MAX):
        try:
            outcome = write_all(numbered, [generation], index)
        except IndexAway as away:
            log.warning("the rebuild waits for the index: %s", away)
        else:
            refused += [records[seq] for seq in outcome.poison]
            if not outcome.later:
                return refused
            numbered = [(seq, records[seq]) for seq in outcome.later]
        never.wait(ATTEMPT_SECONDS)
    raise IndexAway("the index did not come back during the rebuild")
