"""The tables are complete: every RPC is built, or it is said why not."""

from contextlib import suppress

import pytest
from google.protobuf.message_factory import GetMessageClass

from engine.errors import InvalidArgument
from engine.frontend import routes, rpc, unsupported
from tests.architecture.sources import ROOT

UNSUPPORTED = {"WorkflowService": unsupported.WORKFLOW, "OperatorService": unsupported.OPERATOR}


@pytest.mark.parametrize(
    ("service", "table"), rpc.SERVICES, ids=lambda given: getattr(given, "name", "")
)
def test_every_rpc_is_built_or_has_a_reason_not_to_be(service, table) -> None:  # type: ignore[no-untyped-def]
    reasons = UNSUPPORTED[service.name]

    assert set(table) | set(reasons) == set(service.methods_by_name)
    assert not set(table) & set(reasons)


@pytest.mark.parametrize("reasons", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_is_not_built_is_sorted_and_says_why(reasons: dict[str, str]) -> None:
    assert list(reasons) == sorted(reasons)
    assert all(len(reason.split()) > 3 for reason in reasons.values())


@pytest.mark.parametrize(
    ("service", "table"), rpc.SERVICES, ids=lambda given: getattr(given, "name", "")
)
def test_the_table_is_sorted(service, table) -> None:  # type: ignore[no-untyped-def]
    assert list(table) == sorted(table)


def test_every_rpc_of_the_protocol_belongs_somewhere_once() -> None:
    places = [routes.RUNS, routes.QUEUES, routes.ASKERS, routes.ANYWHERE]

    assert sorted(name for place in places for name in place) == list(rpc.WORKFLOW)


def test_what_is_compared_with_the_official_server_is_told() -> None:
    told = (ROOT / "docs" / "differences.md").read_text()
    compared = (ROOT / "tests" / "features" / "differential").glob("*_*.py")

    missing = [path.stem for path in compared if f"`{path.stem}`" not in told]
    assert set(missing) <= {"__init__", "test_histories"}


#: Of a run, or of what is kept as one.
OF_ONE_RUN = {
    "activity_id", "execution", "operation_id", "task_token", "update_ref", "workflow_execution",
    "workflow_id",
}  # fmt: skip


def test_an_rpc_that_names_a_run_goes_to_the_node_that_has_it() -> None:
    """On the other nodes it would be refused."""
    methods = rpc.SERVICES[0][0].methods_by_name
    named = {
        name: OF_ONE_RUN & set(methods[name].input_type.fields_by_name) for name in rpc.WORKFLOW
    }

    assert [name for name, fields in named.items() if fields and name in routes.ANYWHERE] == []


@pytest.mark.parametrize("name", sorted({*routes.RUNS, *routes.QUEUES, *routes.ASKERS}))
def test_a_route_reads_fields_that_its_request_has(name: str) -> None:
    """An empty request is routed, or refused as one that names nothing."""
    service = rpc.SERVICES[0][0]
    request = GetMessageClass(service.methods_by_name[name].input_type)()
    route = {**routes.RUNS, **routes.QUEUES, **routes.ASKERS}[name]

    with suppress(InvalidArgument):
        assert route(Nowhere(), "namespace", request) in ("of run", "of queue", "here")


class Nowhere:
    here = "here"

    def of_run(self, _key: object) -> str:
        return "of run"

    def of_queue(self, _queue: object) -> str:
        return "of queue"
