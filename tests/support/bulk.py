"""Making bulk operations the way a browser does."""

import re
from collections.abc import Sequence
from typing import Any

from django.test import Client

from console.bulk.models import BulkOperation
from console.gateway import workflows
from console.gateway.runs import RunKey
from tests.support.eventually import eventually
from tests.support.programs import Program

URL = "/namespaces/default/bulk/"
HOW = {"canary": "0", "rate": "100", "errors_percent_max": "5", "reason": "the gateway is gone"}


def start_many(program: Program, names: Any, how_many: int, queue: str) -> list[RunKey]:
    """Waiting workflows without a worker, all found by their queue."""
    keys = [program.start("Waiting", names.workflow(), queue) for _ in range(how_many)]
    query = f"TaskQueue = '{queue}'"
    eventually(lambda: workflows.count("default", query).total, lambda n: n == how_many, within=60)
    return keys


def plan(browser: Client, verb: str, query: str) -> Any:
    return browser.post(f"{URL}plan/", {"verb": verb, "query": query, "all_matching": "yes"})


def freeze(browser: Client, verb: str, query: str) -> BulkOperation:
    answer = plan(browser, verb, query)
    assert answer.status_code == 303, answer.text
    return operation_at(answer["Location"])


def choose(browser: Client, verb: str, keys: Sequence[RunKey]) -> BulkOperation:
    marks = [f"{key.run_id} {key.workflow_id}" for key in keys]
    answer = browser.post(f"{URL}plan/", {"verb": verb, "query": "", "run": marks})
    assert answer.status_code == 303, answer.text
    return operation_at(answer["Location"])


def operation_at(url: str) -> BulkOperation:
    found = re.search(r"/bulk/(\d+)/", url)
    assert found
    return BulkOperation.objects.get(pk=int(found[1]))


def launch(browser: Client, operation: BulkOperation, **how: str | list[str]) -> Any:
    """With the count typed as a person does who has read it."""
    given = HOW | {"count": f"{operation.eligible}"} | how
    return browser.post(f"{URL}{operation.pk}/launch/", given)


def await_stage(operation: BulkOperation, stage: str, within: float = 60) -> BulkOperation:
    return eventually(
        lambda: BulkOperation.objects.get(pk=operation.pk),
        lambda seen: seen.stage == stage,
        within=within,
        every=0.2,
    )
