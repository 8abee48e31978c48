"""Searching an index that is not there, or not yet."""

from dataclasses import replace

import pytest

from search.elastic.reader import ElasticReader
from search.query.errors import SearchUnavailable
from search.reader import open_reader
from search.relay.drain import drain
from tests.relay.conftest import Chain
from tests.support.eventually import eventually_async
from tests.support.visibility import NAMESPACE, NOON, a_record

pytestmark = pytest.mark.slow


async def test_the_address_of_an_index_chooses_it(chain: Chain) -> None:
    reader = await open_reader(chain.config, lambda: NOON)
    await chain.commit(a_record("run-1"))
    drain(chain.database, chain.index)

    async def count() -> int:
        return await reader.count(NAMESPACE, "", {})

    assert isinstance(reader, ElasticReader)
    assert await eventually_async(count, lambda found: found == 1) == 1
    await reader.close()


@pytest.mark.parametrize(
    "missing",
    [{"index_alias": "no-such-index"}, {"elasticsearch_url": "http://127.0.0.1:1"}],
)
async def test_an_index_that_is_away_makes_search_unavailable(
    chain: Chain, missing: dict[str, str]
) -> None:
    reader = await open_reader(replace(chain.config, **missing), lambda: NOON)  # type: ignore[arg-type]
    try:
        with pytest.raises(SearchUnavailable):
            await reader.list(NAMESPACE, "", 10, b"", {})
    finally:
        await reader.close()
