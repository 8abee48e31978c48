"""A query tells what was asked of an attribute: who does not see its values does not read that."""

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from temporalio.api.batch.v1 import BatchOperationSignal
from temporalio.api.workflowservice.v1 import StartBatchOperationRequest

from console.alerts.models import Delivery
from console.audit.models import AuditEntry
from console.bulk.models import BulkOperation, Stage
from console.exports.models import Form
from console.gateway import indexed, sight
from console.gateway.channel import call, workflow_service
from console.gateway.runs import RunKey
from console.gateway.sight import Sight
from console.saved_views.models import Audience, SavedView
from tests.console.conftest import NAMESPACE
from tests.console.test_masks import IBAN, MASKED, held
from tests.console.test_payloads import allow
from tests.support.alert_rules import looked, rule_of

__all__ = ["held"]

Browser = Callable[..., Client]
HOME = f"/namespaces/{NAMESPACE}/"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", ""),
        ("Plan = 'gold' ORDER BY HolderIban", "Plan = 'gold' ORDER BY HolderIban"),
        ("Plan='gold' AND HolderIban='DE02'", "Plan='gold' AND HolderIban=?"),
        ("HolderIban IN ('a', \"b\") AND Plan = 'a'", "HolderIban IN (?, ?) AND Plan = 'a'"),
        ("`HolderIban` BETWEEN 'a' AND 'b'", "`HolderIban` BETWEEN ? AND ?"),
        ("Plan = 'a' OR NOT Pin > 12", "Plan = 'a' OR NOT Pin > ?"),
        ("holderiban starts_with 'DE'", "holderiban starts_with ?"),
        ("MemoText CONTAINS '4111'", "MemoText CONTAINS ?"),
    ],
)
def test_the_values_of_a_masked_attribute_are_left_out_and_nothing_else(
    query: str, told: str
) -> None:
    with sight.through(Sight(NAMESPACE, hidden=("HolderIban", "pin"))):
        assert indexed.told(query) == told.replace("?", "'••••••'")
        assert indexed.told("HolderIban = 'DE02") == "••••••"
    assert indexed.told(query) == query


def batch_of(key: RunKey, query: str) -> str:
    job = f"batch-of-{key.run_id}"
    request = StartBatchOperationRequest(
        namespace=NAMESPACE, job_id=job, reason="by the command line", visibility_query=query,
        signal_operation=BatchOperationSignal(signal="hello", identity="Ada"),
    )  # fmt: skip
    call(workflow_service().StartBatchOperation, request)
    return job


def text_of(page: Any) -> str:
    said = b"".join(page) if page.streaming else page.content
    return html.unescape(said.decode()) + str(page.headers.get("Location", ""))


def test_no_door_tells_what_was_asked_of_a_masked_attribute(
    alice: User, carol: User, browser_of: Browser, held: RunKey, settings: Any, tmp_path: Path
) -> None:
    allow(settings, masked=MASKED)
    settings.EXPORT_DIRECTORY = str(tmp_path)
    admin, viewer = browser_of(alice), browser_of(carol)
    query = f"HolderIban = '{IBAN}' AND WorkflowId = '{held.workflow_id}'"
    frozen = {"verb": "terminate", "query": query, "all_matching": "yes"}
    drafted = admin.post(f"{HOME}bulk/plan/", frozen)["Location"]
    begun = {"canary": 0, "rate": 5, "errors_percent_max": 5, "reason": "one of them", "count": 1}
    admin.post(f"{drafted}launch/", begun)
    named = {"name": "Of one holder", "query": query, "belongs": "namespace"}
    admin.post(f"{HOME}views/new/", named)
    admin.post(f"{HOME}exports/new/", {"query": query, "form": Form.CSV})
    view = SavedView.objects.get(audience=Audience.NAMESPACE)
    rule = rule_of(view, alice, threshold=0)
    looked()
    acts = list(AuditEntry.objects.all())
    places = [
        drafted, f"{HOME}bulk/", f"{HOME}views/", f"{HOME}views/tabs/", f"{HOME}views/named/",
        f"{HOME}views/{view.pk}/edit/", f"{HOME}alerts/{rule.pk}/",
        f"{HOME}batches/{batch_of(held, query)}/",
        "/activity/", "/activity/acts.csv", *(f"/activity/{one.pk}/" for one in acts),
    ]  # fmt: skip

    assert IBAN in text_of(admin.get(drafted)) + text_of(admin.get(f"{HOME}views/"))
    for place in places:
        assert IBAN not in text_of(viewer.get(place)), place
    assert "HolderIban = '••••••'" in text_of(viewer.get(drafted))
    BulkOperation.objects.update(stage=Stage.ABORTED)
    assert IBAN not in text_of(viewer.get(drafted)) + text_of(viewer.get(f"{HOME}bulk/"))
    viewer.post(f"{HOME}views/{view.pk}/default/", {"chosen": "yes"})
    assert IBAN not in text_of(viewer.get(f"{HOME}runs/"))
    assert {"bulk.run", "saved_view.save", "export.make"} <= {one.verb for one in acts}
    assert not any(IBAN in json.dumps([one.asked, one.before, one.target]) for one in acts)
    assert "HolderIban" in json.dumps(told := Delivery.objects.get().body)
    assert IBAN not in json.dumps(told)
    assert SavedView.objects.get().query == query
