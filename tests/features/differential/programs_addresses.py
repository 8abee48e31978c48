"""What would lead out of the installation: endpoints by URL, callbacks to somewhere else.

A difference that is kept: this engine speaks no Nexus over HTTP, and refuses an endpoint by URL as
what it has not, where the official server keeps it.
"""

from __future__ import annotations

from typing import Any

import grpc
from temporalio.api.common.v1 import Callback, Payload, WorkflowType
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import (
    CreateNexusEndpointRequest,
    DeleteNexusEndpointRequest,
    GetNexusEndpointRequest,
    UpdateNexusEndpointRequest,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from tests.features.differential.stage import Program, Stage
from tests.support.handlers import endpoint_of

_BAD_URLS = ("", "nowhere", "ftp://handler", "temporal://system", "http://h/" + "x" * 4_096)


async def an_endpoint_is_a_place_elsewhere(stage: Stage) -> None:
    name = endpoint_of(stage.queue)
    for url in _BAD_URLS:
        made = CreateNexusEndpointRequest(spec=_to(url, name))
        await stage.tries(stage.server.operator.CreateNexusEndpoint(made))
    made = CreateNexusEndpointRequest(spec=_to("https://handler.example/nexus", "2 words"))
    await stage.tries(stage.server.operator.CreateNexusEndpoint(made))
    made = CreateNexusEndpointRequest(spec=_to("https://handler.example/nexus", name))
    code = await stage.refused(stage.server.operator.CreateNexusEndpoint(made))
    taken, lacking = grpc.StatusCode.OK, grpc.StatusCode.UNIMPLEMENTED
    assert code is (taken if stage.server.is_official else lacking)
    worker = EndpointTarget.Worker(namespace="default", task_queue=stage.queue)
    here = EndpointSpec(name=f"{name}-here", target=EndpointTarget(worker=worker))
    found = await stage.server.operator.CreateNexusEndpoint(CreateNexusEndpointRequest(spec=here))
    changed = UpdateNexusEndpointRequest(
        id=found.endpoint.id, version=found.endpoint.version,
        spec=_to("https://handler.example/nexus", f"{name}-here"),
    )  # fmt: skip
    code = await stage.refused(stage.server.operator.UpdateNexusEndpoint(changed))
    assert code is (taken if stage.server.is_official else lacking)


async def an_endpoint_is_made_badly(stage: Stage) -> None:
    name, queue = endpoint_of(stage.queue), stage.queue
    for bad in (
        _here("", queue), _here("2 words", queue), _here("x" * 201, queue), _here("-" * 201, queue),
        _here(name, queue, namespace=""), _here(name, queue, namespace="nowhere"), _here(name, ""),
        _here(name, "q" * 1_001), _here("", "", namespace=""), EndpointSpec(name=name),
        EndpointSpec(), EndpointSpec(name=name, target=EndpointTarget()),
        _here(name, queue, description=Payload(data=b"d" * 20_001)),
    ):  # fmt: skip
        made = CreateNexusEndpointRequest(spec=bad)
        await stage.tries(stage.server.operator.CreateNexusEndpoint(made))
    made = CreateNexusEndpointRequest(spec=_here(name, queue))
    found = (await stage.server.operator.CreateNexusEndpoint(made)).endpoint
    operator = stage.server.operator
    for endpoint_id, version in ((found.id, 0), (found.id, 7), ("", 1), ("", 0)):
        changed = UpdateNexusEndpointRequest(id=endpoint_id, version=version, spec=found.spec)
        await stage.tries(operator.UpdateNexusEndpoint(changed))
        gone = DeleteNexusEndpointRequest(id=endpoint_id, version=version)
        await stage.tries(operator.DeleteNexusEndpoint(gone))
    await stage.tries(operator.GetNexusEndpoint(GetNexusEndpointRequest(id=found.id)))
    await stage.tries(operator.GetNexusEndpoint(GetNexusEndpointRequest()))
    gone = DeleteNexusEndpointRequest(id=found.id, version=1)
    await stage.tries(operator.DeleteNexusEndpoint(gone))


def _here(name: str, queue: str, namespace: str = "default", **given: Any) -> EndpointSpec:
    worker = EndpointTarget.Worker(namespace=namespace, task_queue=queue)
    return EndpointSpec(name=name, target=EndpointTarget(worker=worker), **given)


def _to(url: str, name: str) -> EndpointSpec:
    target = EndpointTarget(external=EndpointTarget.External(url=url))
    return EndpointSpec(name=name, target=target)


def _bad_callback(callback: Callback) -> Program:
    async def program(stage: Stage) -> None:
        await stage.tries(
            stage.server.workflows.StartWorkflowExecution(
                StartWorkflowExecutionRequest(
                    namespace="default",
                    workflow_id=stage.workflow_id(),
                    workflow_type=WorkflowType(name="Scripted"),
                    task_queue=TaskQueue(name=stage.queue),
                    completion_callbacks=[callback],
                )
            )
        )

    return program


def _calls(url: str, **header: str) -> Callback:
    return Callback(nexus=Callback.Nexus(url=url, header=header))


BAD_CALLBACKS = {
    "a callback to somewhere else": _bad_callback(_calls("http://localhost:1/x")),
    "a callback to nowhere": _bad_callback(_calls("")),
    "a callback of no kind": _bad_callback(Callback()),
    "a callback of a strange scheme": _bad_callback(_calls("ftp://x")),
    "a callback with a long address": _bad_callback(_calls("temporal://system" + "x" * 1_000)),
    "a callback with a large header": _bad_callback(_calls("temporal://system", a="b" * 9_000)),
}
