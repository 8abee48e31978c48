"""What was launched before it was noted who began what: in whose name it goes on."""

import pytest
from django.contrib.auth.models import User
from django.db import Error, transaction
from django.utils import timezone

from console.audit.record import called, identity
from console.billing.models import Cohort
from console.bulk import listing, outcomes, rounds
from console.bulk.models import BulkOperation
from tests.support.migrated import migrated

pytestmark = [pytest.mark.one_server, pytest.mark.django_db]

COHORTS = ("Cohort", "Proposal")


def test_a_bulk_operation_of_before_is_the_launcher_s_in_all_its_rounds(bob: User) -> None:
    before, now = migrated("bulk", "0005_facts"), timezone.now()
    made = before.get_model("bulk", "BulkOperation").objects.create(
        namespace="default", verb="terminate", person_id=bob.pk, who=called(bob), eligible=1,
        stage="finished", round=2, started_at=now,
    )  # fmt: skip
    before.get_model("bulk", "BulkTarget").objects.create(
        operation=made, workflow_id="w", run_id="r", status_then="Running", position=1,
        state="failed", says="it was away", tries=2, concluded_at=now,
    )  # fmt: skip

    migrated("bulk", "0006_rounds")

    operation = BulkOperation.objects.get(pk=made.pk)
    file = "".join(listing.csv_lines(operation))
    assert (rounds.actor(operation), list(rounds.shown(operation))) == (identity(bob), [])
    assert f"launched by {called(bob)} at {now.isoformat()}" in file
    assert outcomes.wait_again(operation, now) == 1
    assert [past.round for past in operation.past_outcomes.all()] == [None]


def test_a_cohort_of_before_is_theirs_in_whose_identity_it_is_carried_out(
    alice: User, bob: User
) -> None:
    before, now = migrated("billing", "0003_for_good"), timezone.now()
    cohorts, approvals = (before.get_model("billing", name).objects for name in COHORTS)
    usual = {"namespace": "default", "query": "", "wish": {}, "reason": "r", "person_id": bob.pk}
    own, launched, approved, weighed = (
        cohorts.create(who="Bob", stage=stage, identity=name, actor=name, **usual)
        for stage, name in (
            ("finished", identity(bob)),
            ("paused", identity(alice)),
            ("running", f"{identity(alice)}, approved by {identity(bob)}"),
            ("weighed", ""),
        )
    )
    approvals.create(
        namespace="default", kind="cohort", cohort=approved, title="t", reason="r", over="",
        person_id=alice.pk, who="Alice", asked_at=now, expires_at=now, stage="approved",
    )  # fmt: skip

    migrated("billing", "0004_launcher")

    launchers = [
        Cohort.objects.get(pk=one.pk).launcher for one in (own, launched, approved, weighed)
    ]
    assert launchers == [bob, alice, alice, None]
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        Cohort.objects.filter(pk=launched.pk).update(launcher=bob)
