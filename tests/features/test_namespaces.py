"""Namespaces and their search attributes."""

import grpc
import pytest
from temporalio.api.enums.v1 import IndexedValueType, NamespaceState
from temporalio.api.namespace.v1 import NamespaceConfig, UpdateNamespaceInfo
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    DeleteNamespaceRequest,
    ListSearchAttributesRequest,
    RemoveSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import (
    DeprecateNamespaceRequest,
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    ListNamespacesRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)

from tests.support.engine import Server, detail_names, seconds
from tests.support.eventually import eventually_async
from tests.support.names import Names

DAY = 86_400
INT = IndexedValueType.INDEXED_VALUE_TYPE_INT
KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD


@pytest.fixture
async def namespace(server: Server, names: Names) -> str:
    name = names.namespace()
    await server.workflows.RegisterNamespace(
        RegisterNamespaceRequest(
            namespace=name,
            description="of a test",
            owner_email="alice@example.com",
            data={"team": "billing"},
            workflow_execution_retention_period=seconds(3 * DAY),
        )
    )
    return name


async def described(server: Server, name: str) -> DescribeNamespaceResponse:
    return await server.workflows.DescribeNamespace(DescribeNamespaceRequest(namespace=name))


async def test_a_namespace_says_what_it_was_registered_with(server: Server, namespace: str) -> None:
    found = await described(server, namespace)

    info = found.namespace_info
    assert (info.name, info.description) == (namespace, "of a test")
    assert (info.owner_email, dict(info.data)) == ("alice@example.com", {"team": "billing"})
    assert info.state == NamespaceState.NAMESPACE_STATE_REGISTERED
    assert found.config.workflow_execution_retention_ttl == seconds(3 * DAY)
    by_id = await server.workflows.DescribeNamespace(DescribeNamespaceRequest(id=info.id))
    assert by_id.namespace_info.name == namespace


async def test_a_name_is_taken_once(server: Server, namespace: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.RegisterNamespace(
            RegisterNamespaceRequest(
                namespace=namespace, workflow_execution_retention_period=seconds(DAY)
            )
        )
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert detail_names(refused.value) == ["NamespaceAlreadyExistsFailure"]


@pytest.mark.parametrize("retention", [0, 5, -DAY])
async def test_a_namespace_keeps_closed_runs_for_a_while(
    server: Server, names: Names, retention: int
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await server.workflows.RegisterNamespace(
            RegisterNamespaceRequest(
                namespace=names.namespace(), workflow_execution_retention_period=seconds(retention)
            )
        )
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_unknown_namespace_is_not_found(server: Server) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await described(server, "nowhere")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert detail_names(refused.value) == ["NamespaceNotFoundFailure"]


async def test_a_namespace_is_changed(server: Server, namespace: str) -> None:
    await server.workflows.UpdateNamespace(
        UpdateNamespaceRequest(
            namespace=namespace,
            update_info=UpdateNamespaceInfo(description="changed", data={"tier": "gold"}),
            config=NamespaceConfig(workflow_execution_retention_ttl=seconds(DAY)),
        )
    )

    found = await described(server, namespace)
    assert found.namespace_info.description == "changed"
    assert found.namespace_info.owner_email == "alice@example.com"
    assert dict(found.namespace_info.data) == {"team": "billing", "tier": "gold"}
    assert found.config.workflow_execution_retention_ttl == seconds(DAY)


async def test_a_namespace_is_deprecated(server: Server, namespace: str) -> None:
    await server.workflows.DeprecateNamespace(DeprecateNamespaceRequest(namespace=namespace))

    found = await described(server, namespace)
    assert found.namespace_info.state == NamespaceState.NAMESPACE_STATE_DEPRECATED


async def test_namespaces_are_listed_by_pages(server: Server, namespace: str) -> None:
    seen: list[str] = []
    token = b""
    while True:
        page = await server.workflows.ListNamespaces(
            ListNamespacesRequest(page_size=1, next_page_token=token)
        )
        seen += [found.namespace_info.name for found in page.namespaces]
        token = page.next_page_token
        if not token:
            break

    assert {"default", namespace} <= set(seen)
    assert len(seen) == len(set(seen))


async def test_a_deleted_namespace_frees_its_name(server: Server, namespace: str) -> None:
    answer = await server.operator.DeleteNamespace(DeleteNamespaceRequest(namespace=namespace))
    assert answer.deleted_namespace.startswith(f"{namespace}-deleted-")

    await eventually_async(lambda: is_gone(server, namespace), within=20)


async def test_a_name_that_is_taken_again_is_free_again(server: Server, namespace: str) -> None:
    deleted = set()
    for _ in range(2):
        answer = await server.operator.DeleteNamespace(DeleteNamespaceRequest(namespace=namespace))
        deleted.add(answer.deleted_namespace)
        await eventually_async(lambda: is_gone(server, namespace), within=20)
        await server.workflows.RegisterNamespace(
            RegisterNamespaceRequest(
                namespace=namespace, workflow_execution_retention_period=seconds(DAY)
            )
        )

    assert len(deleted) == 2
    assert (await described(server, namespace)).namespace_info.name == namespace


async def is_gone(server: Server, namespace: str) -> bool:
    try:
        await described(server, namespace)
    except grpc.aio.AioRpcError as refused:
        return refused.code() is grpc.StatusCode.NOT_FOUND
    return False


async def test_search_attributes_come_and_go(server: Server, namespace: str) -> None:
    async def custom() -> dict[str, int]:
        listed = await server.operator.ListSearchAttributes(
            ListSearchAttributesRequest(namespace=namespace)
        )
        assert listed.system_attributes["WorkflowId"] == KEYWORD
        return {name: kind for name, kind in listed.custom_attributes.items() if "Test" in name}

    added = AddSearchAttributesRequest(
        namespace=namespace, search_attributes={"TestCustomer": KEYWORD, "TestAmount": INT}
    )
    await server.operator.AddSearchAttributes(added)
    await server.operator.AddSearchAttributes(added)
    await eventually_async(
        custom, lambda seen: seen == {"TestCustomer": KEYWORD, "TestAmount": INT}
    )

    await server.operator.RemoveSearchAttributes(
        RemoveSearchAttributesRequest(namespace=namespace, search_attributes=["TestAmount"])
    )
    await eventually_async(custom, lambda seen: seen == {"TestCustomer": KEYWORD})


async def test_the_attributes_of_the_system_stay(server: Server, namespace: str) -> None:
    for call in (
        server.operator.AddSearchAttributes(
            AddSearchAttributesRequest(
                namespace=namespace, search_attributes={"WorkflowId": KEYWORD}
            )
        ),
        server.operator.AddSearchAttributes(AddSearchAttributesRequest(namespace=namespace)),
        server.operator.RemoveSearchAttributes(
            RemoveSearchAttributesRequest(namespace=namespace, search_attributes=["WorkflowId"])
        ),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
