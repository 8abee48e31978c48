"""Incidents of a namespace with more causes of failure than an index counts at once."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from console.gateway import workflows
from console.gateway.channel import GatewayError, call, workflow_service
from console.incidents import surveying
from console.incidents.models import Incident, Survey
from search.query.parser import GROUPS_MAX
from tests.support.apart import namespace_apart
from tests.support.eventually import eventually

pytestmark = [pytest.mark.slow, pytest.mark.one_server]

NAMESPACE = "of-many-failures"


@pytest.fixture
def many(db: None, engine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Runs that timed out, each of a type and so of a cause of its own."""
    monkeypatch.setattr(surveying, "FAILING", ("runs",))
    with namespace_apart(NAMESPACE):
        yield timed_out(GROUPS_MAX + 1)


def timed_out(count: int) -> int:
    for number in range(count):
        request = StartWorkflowExecutionRequest(
            namespace=NAMESPACE, workflow_id=f"of/{number}", request_id=str(number),
            workflow_type=WorkflowType(name=f"Type{number}"), task_queue=TaskQueue(name="nobody"),
        )  # fmt: skip
        request.workflow_run_timeout.FromSeconds(1)
        call(workflow_service().StartWorkflowExecution, request)
    gone = "ExecutionStatus = 'TimedOut'"
    eventually(lambda: workflows.count(NAMESPACE, gone).total, lambda n: n == count, within=60)
    return count


def test_they_are_counted_in_parts(many: int) -> None:
    with pytest.raises(GatewayError, match="more than 1000 groups"):
        workflows.count(NAMESPACE, f"{surveying.IS_FAILING} {surveying.BY_FINGERPRINT}")

    assert surveying.survey(NAMESPACE, timezone.now())

    assert Incident.objects.filter(namespace=NAMESPACE, failed=1).count() == many
    survey = Survey.objects.get(namespace=NAMESPACE)
    assert (survey.says, survey.calls) == ("", surveying.CALLS_MAX)
