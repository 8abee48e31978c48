"""The tables are complete: every RPC is built, or it is said why not."""

import pytest

from engine.frontend import rpc, unsupported

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
