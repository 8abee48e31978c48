"""What was launched before it was noted who began what: in whose name it goes on."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from console.audit.record import called, identity
from console.bulk import listing, outcomes, rounds
from console.bulk.models import BulkOperation
from tests.support.migrated import migrated

pytestmark = [pytest.mark.one_server, pytest.mark.django_db]


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
