"""A namespace of a test's own, for what would be in the way of others on a shared server."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.api.operatorservice.v1 import DeleteNamespaceRequest

from console.gateway import namespaces
from console.gateway.channel import call, operator_service


@contextmanager
def namespace_apart(name: str) -> Iterator[str]:
    namespaces.register(name, "", "", timedelta(days=1))
    yield name
    call(operator_service().DeleteNamespace, DeleteNamespaceRequest(namespace=name))
