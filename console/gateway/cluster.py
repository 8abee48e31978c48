"""What the server is and what it can do."""

from dataclasses import dataclass
from time import perf_counter

from django.conf import settings
from temporalio.api.workflowservice.v1 import GetClusterInfoRequest, GetSystemInfoRequest

from console.gateway.channel import call, workflow_service


@dataclass(frozen=True, slots=True)
class Server:
    address: str
    version: str
    cluster: str
    shards: int
    store: str
    visibility: str
    capabilities: tuple[str, ...]
    lacks: tuple[str, ...]
    answer_seconds: float


def describe() -> Server:
    began = perf_counter()
    system = call(workflow_service().GetSystemInfo, GetSystemInfoRequest())
    seconds = perf_counter() - began
    about = call(workflow_service().GetClusterInfo, GetClusterInfoRequest())
    flags = {
        one.name: bool(getattr(system.capabilities, one.name))
        for one in system.capabilities.DESCRIPTOR.fields
        if one.type == one.TYPE_BOOL
    }
    return Server(
        address=settings.ENGINE_ADDRESS,
        version=system.server_version,
        cluster=about.cluster_name,
        shards=about.history_shard_count,
        store=about.persistence_store,
        visibility=about.visibility_store,
        capabilities=tuple(name for name, has in flags.items() if has),
        lacks=tuple(name for name, has in flags.items() if not has),
        answer_seconds=seconds,
    )
