import pytest
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from temporalio.api.errordetails.v1 import (
    NamespaceNotFoundFailure,
    WorkflowExecutionAlreadyStartedFailure,
)

from engine import errors
from engine.frontend import statuses


def leaves(root: type[errors.EngineError]) -> list[type[errors.EngineError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in leaves(child))]


@pytest.mark.parametrize("refusal", leaves(errors.EngineError)[1:], ids=lambda leaf: leaf.__name__)
def test_every_refusal_has_a_status(refusal: type[errors.EngineError]) -> None:
    of_a_run = issubclass(refusal, errors.AlreadyStarted) and refusal is not errors.ScheduleExists
    given = ("message", "run") if of_a_run else ("message",)

    code, message, trailer = statuses.answer(refusal(*given))

    assert code is not StatusCode.UNKNOWN
    assert "message" in message
    for name, detail in trailer:
        assert name == "grpc-status-details-bin"
        assert Status.FromString(detail).code == code.value[0]


def test_the_detail_says_which_run_is_in_the_way() -> None:
    answer = statuses.answer(errors.AlreadyStarted("running", "run 1", "request 1"))

    detail = WorkflowExecutionAlreadyStartedFailure()
    Status.FromString(answer.trailer[0][1]).details[0].Unpack(detail)
    assert (detail.run_id, detail.start_request_id) == ("run 1", "request 1")


def test_the_detail_says_which_namespace_is_missing() -> None:
    answer = statuses.answer(errors.NamespaceNotFound("nowhere"))

    detail = NamespaceNotFoundFailure()
    Status.FromString(answer.trailer[0][1]).details[0].Unpack(detail)
    assert (answer.code, detail.namespace) == (StatusCode.NOT_FOUND, "nowhere")
