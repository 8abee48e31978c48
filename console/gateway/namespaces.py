"""Typed calls on namespaces and their search attributes.

What hardly ever changes is kept for a few seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from django.conf import settings
from django.core.cache import cache
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType, NamespaceState
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
    RemoveSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    ListNamespacesRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)

from console.gateway import payloads, tally
from console.gateway.channel import GatewayError, call, operator_service, workflow_service

KEEP_SECONDS = 10
NAMESPACES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Namespace:
    name: str
    state: str
    description: str
    owner: str
    retention: timedelta | None
    environment: str
    id: str = ""
    #: a run of it may be paused; a server may have that off, or be too old for it
    pauses: bool = False


@dataclass(frozen=True, slots=True)
class Attributes:
    """Name -> type. `ours` says whether the server knows why a run is stuck, and sorts."""

    system: Mapping[str, str]
    custom: Mapping[str, str]
    #: where these are of what stands alone: those of runs, which tell one server from another
    of_runs: "Attributes | None" = None

    @property
    def ours(self) -> bool:
        return "FailingActivityCount" in (self.of_runs or self).system


def everyone() -> tuple[Namespace, ...]:
    kept: tuple[Namespace, ...] | None = cache.get(_key())
    if kept is None:
        with tally.in_common():
            kept = _list()
        cache.set(_key(), kept, KEEP_SECONDS)
    return kept


def name_of(namespace_id: str, otherwise: str) -> str:
    """`otherwise`: where it is not known, as of one that was deleted."""
    try:
        return next((one.name for one in everyone() if one.id == namespace_id), otherwise)
    except GatewayError:
        return otherwise


#: Why nothing of a page pauses or resumes a run.
NO_PAUSE = "Runs cannot be paused here: this server is too old for it, or has it off."


def pauses(name: str) -> bool:
    """Whether runs of it may be paused."""
    return any(one.pauses for one in everyone() if one.name == name)


def open_runs(name: str) -> str:
    """The condition for what has not ended; a server without pauses may not know their status."""
    one, other = "ExecutionStatus = 'Running'", "ExecutionStatus IN ('Running', 'Paused')"
    return other if pauses(name) else one


def _list() -> tuple[Namespace, ...]:
    found: list[Namespace] = []
    token = b""
    while len(found) < NAMESPACES_MAX:
        answer = call(
            workflow_service().ListNamespaces,
            ListNamespacesRequest(page_size=200, next_page_token=token),
        )
        found += [_namespace(one) for one in answer.namespaces]
        token = answer.next_page_token
        if not token:
            break
    return tuple(sorted((one for one in found if one.state != "deleted"), key=_ours_last))


def _ours_last(namespace: Namespace) -> tuple[bool, str]:
    return namespace.name in {"perdure-system", "temporal-system"}, namespace.name


def describe(name: str) -> Namespace:
    return _namespace(
        call(workflow_service().DescribeNamespace, DescribeNamespaceRequest(namespace=name))
    )


def register(name: str, description: str, owner: str, retention: timedelta) -> None:
    kept_for = Duration()
    kept_for.FromTimedelta(retention)
    call(
        workflow_service().RegisterNamespace,
        RegisterNamespaceRequest(
            namespace=name,
            description=description,
            owner_email=owner,
            workflow_execution_retention_period=kept_for,
        ),
    )
    cache.delete(_key())


def update(name: str, *, description: str | None, retention: timedelta | None) -> Namespace:
    """None leaves it so; and no server takes an empty description. What it has then comes back."""
    asked = UpdateNamespaceRequest(namespace=name)
    if description is not None:
        asked.update_info.description = description
    if retention is not None:
        asked.config.workflow_execution_retention_ttl.FromTimedelta(retention)
    answer = call(workflow_service().UpdateNamespace, asked)
    cache.delete(_key())
    return _namespace(
        DescribeNamespaceResponse(namespace_info=answer.namespace_info, config=answer.config)
    )


def attributes(namespace: str) -> Attributes:
    key = _key("attributes", namespace)
    kept: Attributes | None = cache.get(key)
    if kept is None:
        with tally.in_common():
            answer = call(
                operator_service().ListSearchAttributes,
                ListSearchAttributesRequest(namespace=namespace),
            )
        kept = Attributes(
            {name: _type(kind) for name, kind in sorted(answer.system_attributes.items())},
            {name: _type(kind) for name, kind in sorted(answer.custom_attributes.items())},
        )
        cache.set(key, kept, KEEP_SECONDS)
    return kept


def add_attribute(namespace: str, name: str, kind: str) -> None:
    number = IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{TYPE_NAMES[kind]}")
    call(
        operator_service().AddSearchAttributes,
        AddSearchAttributesRequest(namespace=namespace, search_attributes={name: number}),
    )
    cache.delete(_key("attributes", namespace))


def remove_attribute(namespace: str, name: str) -> None:
    call(
        operator_service().RemoveSearchAttributes,
        RemoveSearchAttributesRequest(namespace=namespace, search_attributes=[name]),
    )
    cache.delete(_key("attributes", namespace))


TYPE_NAMES = {
    "Keyword": "KEYWORD",
    "Text": "TEXT",
    "Int": "INT",
    "Double": "DOUBLE",
    "Bool": "BOOL",
    "Datetime": "DATETIME",
    "KeywordList": "KEYWORD_LIST",
}


def _key(*parts: str) -> str:
    """Names may hold what a cache key may not."""
    return quote("/".join(("namespaces", settings.ENGINE_ADDRESS, *parts)), safe="")


def _type(kind: IndexedValueType.ValueType) -> str:
    word = IndexedValueType.Name(kind).removeprefix("INDEXED_VALUE_TYPE_")
    return "".join(part.capitalize() for part in word.split("_"))


def _namespace(answer: DescribeNamespaceResponse) -> Namespace:
    about = answer.namespace_info
    return Namespace(
        name=about.name,
        state=NamespaceState.Name(about.state).removeprefix("NAMESPACE_STATE_").lower(),
        description=about.description,
        owner=about.owner_email,
        retention=payloads.span(answer.config.workflow_execution_retention_ttl),
        environment=about.data.get("environment", ""),
        id=about.id,
        pauses=about.capabilities.workflow_pause,
    )
