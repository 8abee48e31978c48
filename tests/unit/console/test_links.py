"""Links out of a run: which addresses there may be, and what comes of their pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.looks import links
from console.looks.links import BadLink, Link

FACTS = {
    "namespace": "default",
    "workflow_id": "order/7 & co",
    "run_id": "c41d",
    "type": "Order",
    "task_queue": "orders",
}


def test_a_line_is_a_name_and_an_address() -> None:
    found = links.read("  Logs of the shop https://logs.example/?q={workflow_id} ")

    assert found == Link("Logs of the shop", "https://logs.example/?q={workflow_id}")


def test_what_a_run_says_is_escaped_wherever_it_stands() -> None:
    link = links.read("Traces https://t.example/{namespace}/{workflow_id}?run={run_id}#{type}")

    address = link.of(FACTS).address

    assert address == "https://t.example/default/order%2F7%20%26%20co?run=c41d#Order"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//host.example/x",
        "https:///x",
        "https://{workflow_id}/x",
        "https://a.{type}.example/x",
        "https://user:word@host.example/",
        "https://host.example/{secret}",
        "https://host.example/{workflow_id",
        "https://[host/",
        "ftp://host.example/",
    ],
)
def test_an_address_that_could_be_something_else_is_refused(address: str) -> None:
    with pytest.raises(BadLink):
        links.read(f"Logs {address}")


def test_a_line_without_a_name_is_refused() -> None:
    with pytest.raises(BadLink):
        links.read("https://logs.example/")


@given(st.text(max_size=40))
def test_nothing_that_a_run_says_leaves_its_place(said: str) -> None:
    link = Link("x", "https://h.example/a/{workflow_id}/b")

    address = link.of(FACTS | {"workflow_id": said}).address

    assert address.count("/") == 5
    assert not set("?#&\"'<>") & set(address)
