"""Activities that stand alone, as tests of the console start and look at them."""

import json
from collections.abc import Callable
from typing import Any

from django.urls import reverse
from temporalio.api.common.v1 import ActivityType, Payload, Payloads
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartActivityExecutionRequest

from console.gateway import standalone, standalone_details
from console.gateway.channel import call, workflow_service
from console.gateway.standalone import ACTIVITIES, Key
from console.gateway.standalone_details import Detail
from tests.support.eventually import eventually
from tests.support.names import Names

NAMESPACE = "default"
LIST = f"/namespaces/{NAMESPACE}/standalone/activities/"


def plain(content: Any) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(content).encode())


def _payload(given: Any) -> Payload:
    return given if isinstance(given, Payload) else plain(given)


def start(names: Names, *given: Any, queue: str = "", **more: Any) -> Key:
    """`charge_card` of the programs; without a queue's worker nobody takes it."""
    name = names.workflow("charge")
    request = StartActivityExecutionRequest(
        namespace=NAMESPACE, activity_id=name, request_id=name, identity="a test",
        activity_type=ActivityType(name="charge_card"),
        task_queue=TaskQueue(name=queue or names.queue()),
        input=Payloads(payloads=[_payload(one) for one in given]), **more,
    )  # fmt: skip
    request.start_to_close_timeout.FromSeconds(20)
    answer = call(workflow_service().StartActivityExecution, request)
    return Key(NAMESPACE, ACTIVITIES, name, answer.run_id)


def address(key: Key, view: str = "one", *more: Any) -> str:
    return reverse(
        f"standalone:{view}", args=[key.namespace, key.kind.name, key.id, key.run_id, *more]
    )


def until(key: Key, holds: Callable[[Detail], bool]) -> Detail:
    return eventually(lambda: standalone_details.describe(key), holds, within=30)


def waiting(names: Names) -> Key:
    """Nobody takes it; the index knows it."""
    key = start(names, {"amount": "9.99", "card": "4111-9944"})
    query = f"ActivityId = '{key.id}'"
    eventually(
        lambda: standalone.find(NAMESPACE, ACTIVITIES, query, 10).executions, bool, within=30
    )
    return key


def listed(query: str, many: int) -> None:
    """The index follows by itself."""
    eventually(
        lambda: standalone.find(NAMESPACE, ACTIVITIES, query, many + 1).executions,
        lambda rows: len(rows) == many,
        within=30,
    )


def end(key: Key) -> None:
    standalone.terminate(key, "a test", "a test", f"end of {key.run_id}")
