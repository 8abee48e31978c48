"""What a handler of a Nexus operation says of its failure, whatever that is."""

import json

import pytest
from temporalio.api.nexus.v1 import Failure as NexusFailure

from engine.protocol import nexus


def told(**given: object) -> object:
    failure = nexus.of_failure(NexusFailure(message="no", **given))  # type: ignore[arg-type]
    details = failure.application_failure_info.details.payloads
    return json.loads(details[0].data) if details else None


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (b'{"a": 1}', {"details": {"a": 1}}),
        (b"null", {}),
        (b"no json", {"details": "no json"}),
        (b"\xff", {"details": "\ufffd"}),
        (b"[" * 100_000, {"details": "[" * 100_000}),
        (b"9" * 5_000, {"details": "9" * 5_000}),
    ],
    ids=["json", "null", "text", "bytes", "deep", "long"],
)
def test_details_are_json_or_a_text(details: bytes, expected: object) -> None:
    assert told(details=details) == expected
