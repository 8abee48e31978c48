"""What the pages of proposals need, read at once."""

from typing import Any

from django.http import Http404
from django.utils import timezone

from console.billing import proposals, reading, summing, worker
from console.billing.models import Proposal
from console.billing.reading import NotTheContract
from console.gateway import system
from console.gateway.channel import GatewayError
from console.gateway.runs import RunKey
from console.ui.htmx import version_of
from console.ui.pages import BadToken, Pager, place, size_of
from console.ui.refusals import Refusal

Stage = Proposal.Stage
SHAPES = {
    Stage.OPEN: "waiting",
    Stage.APPROVED: "running",
    Stage.DONE: "completed",
    Stage.VOID: "failed",
    Stage.REJECTED: "canceled",
    Stage.WITHDRAWN: "canceled",
    Stage.EXPIRED: "timed-out",
}
LOOK_SECONDS = 5.0


def proposal_of(namespace: str, number: int) -> Proposal:
    try:
        return Proposal.objects.select_related("person", "cohort").get(
            pk=number, namespace=namespace
        )
    except Proposal.DoesNotExist:
        raise Http404 from None


def page(namespace: str, query: dict[str, str]) -> dict[str, Any]:
    """The newest first; those that wait before all others."""
    stage = query.get("stage", "open") if query.get("stage", "open") in {"open", "all"} else "open"
    found = Proposal.objects.filter(namespace=namespace)
    waiting = found.filter(stage__in=(Stage.OPEN, Stage.APPROVED))
    chosen = waiting if stage == "open" else found
    try:
        number, token, behind = place(query)
        before = int(token or b"0")
    except (BadToken, ValueError):
        number, token, behind, before = 1, b"", (), 0
    size = size_of(query.get("size"))
    rows = list((chosen.filter(pk__lt=before) if before else chosen)[: size + 1])
    shown = rows[:size]
    more = str(shown[-1].pk).encode() if len(rows) > size else b""
    here = query.get("token", "") if token else ""
    return {
        "rows": [(one, *standing(one), proposals.difference_of(one)) for one in shown],
        "stage": stage,
        "waiting": waiting.count(),
        "pager": Pager(number, size, len(shown), more, {"stage": stage}, behind, here),
        "worker_away": worker.is_away(),
    }


def standing(proposal: Proposal) -> tuple[str, str]:
    """(shape, word). One whose time is over has expired, also while no worker notes it."""
    stage = Stage(proposal.stage)
    if stage is Stage.OPEN and proposal.expires_at <= timezone.now():
        stage = Stage.EXPIRED
    return SHAPES[stage], str(stage.label)


def one(proposal: Proposal) -> dict[str, Any]:
    shape, word = standing(proposal)
    is_open = proposal.stage == Stage.OPEN and shape == SHAPES[Stage.OPEN]
    changed = changed_since(proposal) if is_open and not proposal.cohort_id else ""
    away = worker.is_away() if proposal.stage in {Stage.OPEN, Stage.APPROVED} else False
    return {
        "proposal": proposal,
        "shape": shape,
        "word": word,
        "is_open": is_open,
        "moving": proposal.stage in {Stage.OPEN, Stage.APPROVED},
        "difference": proposals.difference_of(proposal),
        "changed": changed,
        "worker_away": away,
        "lost": shape != SHAPES[Stage.EXPIRED] and proposals.is_lost(proposal),
        "approval_query": f"WorkflowId = '{proposal.approval_id}'",
        "system": system.NAMESPACE,
        "sums": summing.sum_rows(proposal.cohort) if proposal.cohort else [],
        "version": version(proposal),
    }


def version(proposal: Proposal) -> str:
    """What the open page looks for: nobody but the console's own tables is asked."""
    return version_of(proposal.stage, *standing(proposal))


def changed_since(proposal: Proposal) -> str:
    """Why it would be void if it were approved now; empty when it would not."""
    key = RunKey(proposal.namespace, proposal.workflow_id, "")
    try:
        ledger = reading.ledger(key, LOOK_SECONDS)
    except (GatewayError, NotTheContract):
        return "The subscription does not answer now, so it cannot be told whether it changed."
    argument = proposal.argument
    if ledger.version != argument["expected_version"]:
        change = ledger.last_change
        what = f" {change.actor} {change.what}." if change else ""
        return f"The subscription was changed since.{what} Approved, it would be void."
    expected = argument.get("expected_next", 0)
    if expected and reading.next_of(ledger) != expected:
        return f"Period {expected} was charged since. Approved, it would be void."
    return ""


def refuse_without_worker(proposal: Proposal) -> None:
    """A decision that nobody takes would be lost, or would come when nobody expects it."""
    if worker.is_away():
        raise Refusal(
            503,
            "No billing worker is there to take the decision: start `manage.py billing_worker`. "
            f"{proposal} is as it was.",
        )
