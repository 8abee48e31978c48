"""OperatorService: search attributes of a namespace, and what an operator may remove."""

from __future__ import annotations

from collections.abc import Mapping

from temporalio.api.enums.v1 import IndexedValueType, NamespaceState
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    AddSearchAttributesResponse,
    ClusterMetadata,
    DeleteNamespaceRequest,
    DeleteNamespaceResponse,
    ListClustersRequest,
    ListClustersResponse,
    ListSearchAttributesRequest,
    ListSearchAttributesResponse,
    RemoveRemoteClusterRequest,
    RemoveRemoteClusterResponse,
    RemoveSearchAttributesRequest,
    RemoveSearchAttributesResponse,
)

from engine.errors import FailedPrecondition, InvalidArgument, NamespaceNotFound, NotFound
from engine.frontend import aliases, checks
from engine.frontend.namespaces import CLUSTER
from engine.frontend.parts import Parts
from engine.namespaces import PROTECTED, Namespace
from search.attributes import PREDEFINED, SYSTEM, ValueType

#: Of the end of an id: its beginning is the time, and the same for days.
DELETED_SUFFIX_CHARACTERS = 12

_NUMBERS = {
    ValueType.TEXT: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    ValueType.KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    ValueType.INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
    ValueType.DOUBLE: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    ValueType.BOOL: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    ValueType.DATETIME: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    ValueType.KEYWORD_LIST: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}
_TYPES: dict[int, ValueType] = {number: kind for kind, number in _NUMBERS.items()}


async def add_search_attributes(
    parts: Parts, request: AddSearchAttributesRequest
) -> AddSearchAttributesResponse:
    if request.namespace:
        await parts.namespace(request.namespace)
    if not request.search_attributes:
        raise InvalidArgument("SearchAttributes are not set on request.")
    _check_named(request.namespace)
    added = {
        name: _checked(parts, name, number) for name, number in request.search_attributes.items()
    }

    def extended(namespace: Namespace) -> Namespace:
        # An attribute keeps its type: what is stored under it was checked against that.
        return aliases.with_custom(namespace, {**added, **namespace.custom})

    await parts.namespaces.change(request.namespace, extended)
    return AddSearchAttributesResponse()


async def remove_search_attributes(
    parts: Parts, request: RemoveSearchAttributesRequest
) -> RemoveSearchAttributesResponse:
    if request.namespace:
        await parts.namespace(request.namespace)
    if not request.search_attributes:
        raise InvalidArgument("SearchAttributes are not set on request.")
    _check_named(request.namespace)
    fixed = [name for name in request.search_attributes if name in SYSTEM or name in PREDEFINED]
    if fixed:
        raise InvalidArgument(f"Unable to remove non-custom search attributes: {', '.join(fixed)}.")
    removed = set(request.search_attributes)

    def reduced(namespace: Namespace) -> Namespace:
        left = {name: kind for name, kind in namespace.custom.items() if name not in removed}
        return aliases.with_custom(namespace, left)

    await parts.namespaces.change(request.namespace, reduced)
    return RemoveSearchAttributesResponse()


async def list_search_attributes(
    parts: Parts, request: ListSearchAttributesRequest
) -> ListSearchAttributesResponse:
    _check_named(request.namespace)
    namespace = await parts.namespace(request.namespace)
    return ListSearchAttributesResponse(
        custom_attributes=numbers(namespace.custom), system_attributes=fixed_numbers()
    )


def _check_named(namespace: str) -> None:
    if not namespace:
        raise InvalidArgument("Namespace is not set on request.")


async def _check_unaimed(parts: Parts, name: str) -> None:
    for endpoint in await parts.endpoints.all():
        if endpoint.target.namespace == name:
            raise FailedPrecondition(
                f"cannot delete a namespace that is a target of a Nexus endpoint {endpoint.name}"
            )


async def delete_namespace(
    parts: Parts, request: DeleteNamespaceRequest
) -> DeleteNamespaceResponse:
    """The name is free at once; the runs go with the next sweeps."""
    name = request.namespace
    if name and request.namespace_id:
        raise InvalidArgument("Only one of namespace name or Id should be set on request.")
    if not name and not request.namespace_id:
        raise InvalidArgument("Namespace not set on request.")
    if not name:
        found = await parts.namespaces.with_id(request.namespace_id)
        if found is None:
            raise NamespaceNotFound(request.namespace_id)
        name = found.name
    checks.length("Namespace", name, parts.limits)
    if name in PROTECTED:
        raise FailedPrecondition("unable to delete system namespace")
    await _check_unaimed(parts, name)
    suffix = parts.clock.new_id()[-DELETED_SUFFIX_CHARACTERS:]
    deleted = f"{name}-deleted-{suffix}"
    state = NamespaceState.NAMESPACE_STATE_DELETED
    await parts.namespaces.change(
        name, lambda namespace: namespace.with_changes(name=deleted, state=state)
    )
    return DeleteNamespaceResponse(deleted_namespace=deleted)


async def list_clusters(parts: Parts, request: ListClustersRequest) -> ListClustersResponse:
    only = ClusterMetadata(
        cluster_name=CLUSTER,
        cluster_id=parts.namespaces.cluster_id,
        address=f"{parts.config.host}:{parts.config.port}",
        initial_failover_version=1,
        history_shard_count=parts.config.shard_count,
        is_connection_enabled=True,
    )
    return ListClustersResponse(clusters=[] if request.next_page_token else [only])


async def remove_cluster(
    _parts: Parts, request: RemoveRemoteClusterRequest
) -> RemoveRemoteClusterResponse:
    """There is no other one."""
    if request.cluster_name == CLUSTER:
        raise FailedPrecondition(
            "Unable to delete cluster info with error: Cannot delete current cluster metadata."
        )
    raise NotFound("The cluster to be deleted cannot be found in clusters cache.")


def numbers(kinds: Mapping[str, ValueType]) -> dict[str, IndexedValueType.ValueType]:
    return {name: _NUMBERS[kind] for name, kind in kinds.items()}


def fixed_numbers() -> dict[str, IndexedValueType.ValueType]:
    known = [*SYSTEM.values(), *PREDEFINED.values()]
    return numbers({attribute.name: attribute.type for attribute in known})


def _checked(parts: Parts, name: str, number: int) -> ValueType:
    aliases.check_name(name, parts.limits)
    if number not in _TYPES:
        raise InvalidArgument(f"Unable to create search attributes: unknown type of {name}.")
    return _TYPES[number]
