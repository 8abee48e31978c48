"""Gateway dataclasses -> template rows; pure."""

from dataclasses import dataclass

from console.gateway.cluster import Server

#: capability -> what a person loses without it; the rest concern SDKs only
MATTERS = {
    "signal_and_query_header": "headers on signals and queries",
    "activity_failure_include_heartbeat": "the last heartbeat in an activity's failure",
    "supports_schedules": "schedules",
    "encoded_failure_attributes": "encrypted failure messages",
    "upsert_memo": "memos that a running workflow changes",
    "eager_workflow_start": "eager start",
    "build_id_based_versioning": "versioning by build id",
    "sdk_metadata": "what workflows say of themselves",
    "count_group_by_execution_status": "counts by status in one call",
    "nexus": "Nexus operations",
}


@dataclass(frozen=True, slots=True)
class CapabilityRow:
    name: str
    about: str
    has: bool


def capability_rows(server: Server) -> list[CapabilityRow]:
    rows = [CapabilityRow(name, MATTERS.get(name, ""), True) for name in server.capabilities]
    rows += [CapabilityRow(name, MATTERS.get(name, ""), False) for name in server.lacks]
    return sorted(rows, key=lambda row: (row.has, row.name))
