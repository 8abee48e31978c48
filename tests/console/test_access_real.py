"""Every page as viewer, operator and admin, of things that there are: none breaks for a role."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from console.access import tokens
from console.access.models import Role
from console.access.policy import can
from console.alerts.models import Rule as AlertRule
from console.audit.models import AuditEntry
from console.audit.record import record
from console.billing.models import Cohort, Member, Proposal
from console.bulk import manifest, verbs
from console.exports import filling
from console.exports.models import Export
from console.exports.models import State as ExportState
from console.gateway import endpoints, histories, rules
from console.gateway.payloads import Place
from console.gateway.runs import RunKey
from console.gateway.standalone import Key as Alone
from console.incidents.models import Incident
from console.saved_views.models import Audience, SavedView
from console.workflows import opened
from tests.console.test_access import VIEWS, address, verb_of
from tests.console.test_batches import start as start_batch
from tests.console.test_schedules import hourly
from tests.console.test_workers import now as seconds_now
from tests.console.test_workers import says
from tests.support import alone as support
from tests.support.names import Names
from tests.support.people import person
from tests.support.programs import Program, running
from tests.support.subscriptions import Subscriptions, providers_url, subscriptions
from tests.support.versions import polled_by
from tests.support.workers import beat

__all__ = ["hourly", "providers_url", "subscriptions"]

pytestmark = [pytest.mark.slow, pytest.mark.one_server, pytest.mark.xdist_group("examples")]

Browser = Callable[..., Client]
Things = dict[str, Any]
NAMESPACE = "default"
#: A page, the way to one, or an act that nobody opens.
OPEN = {200, 302, 303, 405}


@pytest.fixture
def on_server(
    program: Program, subscriptions: Subscriptions, hourly: str, names: Names
) -> Iterator[Things]:
    queue, job = names.queue(), names.workflow("job")
    bank = names.workflow("bank").replace("/", "-")
    endpoints.create(endpoints.Wanted(bank, endpoints.Target(NAMESPACE, queue)))
    nothing = rules.Wanted(bank, "ActivityType = 'nobodys'", "", None)
    rules.create(NAMESPACE, nothing, "a test", identity="Ada", request_id=bank)
    deployment = names.workflow("shop").replace("/", "-")
    with ExitStack() as stack:
        stack.enter_context(running(program, queue))
        stack.enter_context(polled_by(deployment, names.queue(), "2026.1"))
        failing = program.start("Charging", names.workflow(), queue, "never")
        program.await_status(failing, "Running", events_min=5)
        says(beat(f"of {queue}", at=seconds_now(), task_queue=queue))
        start_batch(job, names.queue())
        alone = support.start(names, "never", queue=queue)
        support.until(alone, lambda one: one.attempt > 1)
        yield {
            "failing": failing,
            "subscription": subscriptions.active(),
            "queue": queue,
            "endpoint": bank,
            "rule": bank,
            "worker_key": f"of {queue}",
            "job_id": job,
            "deployment": deployment,
            "build_id": "2026.1",
            "schedule_id": hourly,
            "alone": alone,
        }
        rules.delete(NAMESPACE, bank)


def in_console(whose: User, other: User, found: Things) -> Things:
    """What somebody has made here, of each kind. `other` is whose account is looked at."""
    now, key = timezone.now(), found["failing"]
    with record(whose, "run.signal", key, reason="why not", asked={"name": "go"}) as act:
        act.event_id, act.run_id = 1, key.run_id
    group = Group.objects.create(name="Payments")
    token, _ = tokens.make(other, "nightly", [NAMESPACE], timedelta(days=1))
    rule = other.rules.create(verb="run.signal", may=False, reason="leaves", given_by="Alice")
    alert = AlertRule.objects.create(
        namespace=NAMESPACE, name="Many fail", kind="new", secret="s", maker=whose, made_at=now
    )
    alert.crossings.create(at=now, count=3, what="charge_card fails").deliveries.create(
        body={"event": "incident", "what": "charge_card fails"}, due_at=now
    )
    incident = Incident.objects.create(
        namespace=NAMESPACE, fingerprint="f1", failure_type="CardProcessorTimeout", running=1,
        first_seen_at=now, last_seen_at=now, looked_at=now, activity_types=["charge_card"],
        example_workflow_id=key.workflow_id, example_run_id=key.run_id,
    )  # fmt: skip
    incident.samples.create(at=now, running=1, failed=0)
    view = SavedView.objects.create(
        namespace=NAMESPACE, name="All", owner=whose, audience=Audience.NAMESPACE
    )
    return found | {
        "act_id": AuditEntry.objects.latest("at").pk,
        "group_id": group.pk,
        "token_id": token.pk,
        "rule_id": rule.pk,
        "person_id": other.pk,
        "view_id": view.pk,
        "alerts": alert.pk,
        "incidents": incident.pk,
        "bulk": manifest.from_selection(
            whose, NAMESPACE, verbs.named("reset"), [(key.run_id, key.workflow_id)]
        ).pk,
    } | of_billing(whose, found["subscription"])  # fmt: skip


def exported(whose: User) -> Export:
    made = Export.objects.create(
        namespace=NAMESPACE, columns="RunId", person=whose, who=str(whose), rows=1, size=7,
        state=ExportState.DONE, expires_at=timezone.now() + timedelta(days=1),
        ended_at=timezone.now(),
    )  # fmt: skip
    made.refresh_from_db()
    filling.path(made).write_text("RunId\r\n")
    return made


def of_billing(whose: User, key: RunKey) -> Things:
    now = timezone.now()
    weighed = {
        "kind": "adjust_charge", "workflow_id": key.workflow_id, "run_id": key.run_id,
        "argument": {"expected_version": 1}, "currency": "EUR", "difference": -10,
        "before": "49.00 EUR", "after": "39.00 EUR",
    }  # fmt: skip
    cohort = Cohort.objects.create(
        namespace=NAMESPACE, query="Plan = 'Pro'", wish={"change": "skip"}, reason="an outage",
        person=whose, who=str(whose), stage=Cohort.Stage.WEIGHED, weighed_at=now,
    )  # fmt: skip
    cohort.members.create(state=Member.State.ELIGIBLE, **weighed)
    proposal = Proposal.objects.create(
        namespace=NAMESPACE, title="Adjustment", reason="an outage", over="One adjustment.",
        person=whose, who=str(whose), asked_at=now, expires_at=now + timedelta(days=1), **weighed,
    )  # fmt: skip
    return {"cohort": cohort.pk, "proposal": proposal.pk}


def real(name: str, things: Things) -> str:
    """The address of this page for what there is."""
    capability, _, page = name.partition(":")
    key: RunKey = things["subscription" if capability == "billing" else "failing"]
    number = things.get(capability)
    if capability == "billing":
        of_proposal = "proposal" in page or page == "decide"
        number = things["proposal" if of_proposal else "cohort"]
    if capability == "standalone" or name == "cohorts:alone":
        one: Alone = things["alone"]
        return address(name, kind=one.kind.name, alone_id=one.id, run_id=one.run_id, number=0)
    event_id = 5 if page in {"attempts", "group"} else 1
    by = ("id", "1") if page in {"complete", "fail"} else ("type", "charge_card")
    return address(
        name,
        workflow_id=key.workflow_id,
        run_id=key.run_id,
        event_id=event_id,
        place=Place("events", "1"),
        number=number,
        by=by[0],
        called=by[1] if capability == "activities" else "go",
        **{part: things[part] for part in things if part.endswith(("_id", "_key"))},
        queue=things["queue"],
        endpoint=things["endpoint"],
        rule_name=things["rule"],
        deployment=things["deployment"],
        attribute="CustomerId",
    )


def test_every_page_of_what_there_is_opens_for_whom_it_is_for(
    on_server: Things, browser_of: Browser, settings: Any, tmp_path: Path
) -> None:
    settings.EXPORT_DIRECTORY = str(tmp_path)
    people = {role: person(f"some-{role}", role) for role in Role}
    things = in_console(people[Role.ADMIN], people[Role.VIEWER], on_server)
    events = list(histories.forward(things["failing"]).events)
    wrong: list[str] = []

    for role, who in people.items():
        browser = browser_of(who)
        # All that break are told of, not the first alone.
        browser.raise_request_exception = False
        session = browser.session.session_key
        file = opened.keep(str(session), NAMESPACE, "one.json", events)
        own = {"file_id": file.pk, "session_id": file.pk, "export_id": exported(who).pk}
        for name in sorted(VIEWS):
            verb = verb_of(name)
            if verb is None:
                continue
            answer = browser.get(real(name, things | own))
            if answer.streaming:
                b"".join(answer)  # type: ignore[call-overload]
            expected = OPEN if can(who, verb, NAMESPACE) else {403, 405}
            if answer.status_code not in expected:
                wrong.append(f"{name} {role} {answer.status_code}")

    assert wrong == [], "\n".join(wrong)
