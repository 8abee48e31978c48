"""Audit entries -> template rows; pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.audit.models import AuditEntry, AuditOutcome
from console.ui import words

#: verb -> what happened, in the past tense
DID = {
    "run.signal": "sent a signal to",
    "run.cancel": "asked to cancel",
    "run.terminate": "terminated",
    "run.pause": "paused",
    "run.resume": "resumed",
    "run.reset": "reset",
    "run.start": "started",
    "run.update": "updated",
    "run.version": "set the version of",
    "payload.reveal": "revealed a masked payload of",
    "activity.try": "tried activities at once of",
    "activity.pause": "paused activities of",
    "activity.resume": "resumed activities of",
    "activity.change": "changed options of activities of",
    "activity.complete": "completed an activity by hand of",
    "activity.fail": "failed an activity by hand of",
    "run.delete": "deleted",
    "standalone.start": "started",
    "standalone.cancel": "asked to cancel",
    "standalone.terminate": "terminated",
    "standalone.delete": "deleted",
    "schedule.create": "made the schedule",
    "schedule.change": "changed the schedule",
    "schedule.pause": "paused or resumed the schedule",
    "schedule.trigger": "triggered the schedule",
    "schedule.backfill": "filled back the schedule",
    "schedule.delete": "deleted the schedule",
    "deployment.change": "changed the deployment",
    "deployment.delete": "deleted the deployment",
    "queue.limit": "set the limits of the task queue",
    "rule.change": "changed the rule",
    "endpoint.change": "changed the Nexus endpoint",
    "batch.stop": "stopped the batch",
    "billing.adjust": "adjusted",
    "billing.refund": "refunded on",
    "billing.propose": "proposed to a second person",
    "billing.approve": "decided on",
    "billing.limit": "changed the limit",
    "billing.cohort": "ran a change on a cohort",
    "bulk.run": "ran a bulk operation",
    "account.own": "changed their own account",
    "account.sign_in": "signed in as",
    "people.manage": "changed the account",
    "namespace.create": "created the namespace",
    "namespace.change": "changed the namespace",
    "saved_view.keep": "changed the view",
    "saved_view.save": "changed the view",
    "alert.keep": "changed the alert rule",
    "alert.change": "changed the alert rule",
    "incident.change": "changed the incident",
    "export.make": "changed the export",
    "export.take": "took the file of",
    "parked.retry": "sent to the index once more",
    "parked.drop": "dropped what the index refused:",
    "replay.check": "checked the replay of",
}


#: the result of an act without an outcome, as of one whose outcome nobody was told
UNKNOWN = AuditOutcome.Result.UNKNOWN.value


@dataclass(frozen=True, slots=True)
class ActRow:
    id: str
    at: datetime
    who: str
    did: str
    what: str
    namespace: str
    workflow_id: str
    run_id: str
    result: str
    says: str
    reason: str
    change: str
    event_id: int | None


def act_row(entry: AuditEntry) -> ActRow:
    outcome = getattr(entry, "outcome", None)
    return ActRow(
        id=str(entry.id),
        at=entry.at,
        who=entry.who,
        did=DID.get(entry.verb, entry.verb),
        what=entry.workflow_id or entry.target,
        namespace=entry.namespace,
        workflow_id=entry.workflow_id,
        run_id=(outcome.run_id if outcome else "") or entry.run_id,
        result=outcome.result if outcome else UNKNOWN,
        says=words.amounts(outcome.says)
        if outcome
        else "The console stopped before the answer came.",
        reason=entry.reason,
        change=words.amounts(change(entry.before, outcome.after if outcome else None)),
        event_id=outcome.event_id if outcome else None,
    )


def change(before: Any, after: Any) -> str:
    """`status: Running → Terminated`: what differs between before and after."""
    if not isinstance(after, dict):
        return ""
    was = before if isinstance(before, dict) else {}
    parts = [
        f"{name}: {was[name]} → {value}" if name in was else f"{name}: {value}"
        for name, value in after.items()
        if was.get(name) != value
    ]
    parts += [f"{name}: {value} → none" for name, value in was.items() if name not in after]
    return "; ".join(parts)
