from collections.abc import AsyncIterator

import pytest

from tests.support.dev_server import dev_server
from tests.support.engine import OFFICIAL, Server


@pytest.fixture(scope="session")
async def official() -> AsyncIterator[Server]:
    """The official dev server, one for all of these files."""
    with dev_server() as address:
        yield Server(address, OFFICIAL)
