"""What the pages need, read at once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from console.audit.record import of_run
from console.billing import periods, presenters, reading
from console.billing.contract import SEARCH_ATTRIBUTES, SUBSCRIPTIONS_QUERY, Ledger, Phase
from console.billing.models import Proposal
from console.gateway import indexed, namespaces, steering, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunDetail, RunKey
from console.ui.pages import BadToken, Pager, place, size_of
from console.ui.refusals import Refusal

#: Where a text may stand, beside the workflow id; not where it is masked for who looks.
SOUGHT = ("CustomerId", "Plan")
#: A page does not wait longer for the subscription's worker: it comes without the ledger, and asks
#: again by itself.
LOOK_SECONDS = 2.5
#: What asks again waits for one answer, and not for the next question.
WAIT_SECONDS = 10.0
#: Entries on one page of the ledger.
LEDGER_ROWS = 25
AUDIT_ENTRIES_MAX = 500


@dataclass(frozen=True, slots=True)
class Subscription:
    key: RunKey
    run: RunDetail
    ledger: Ledger | None
    #: Why there is no ledger.
    silent: str = ""

    @property
    def can_change(self) -> bool:
        open_run = self.run.summary.is_open and self.ledger is not None
        return open_run and self.ledger.phase not in presenters.OVER  # type: ignore[union-attr]


def lacking(namespace: str) -> bool:
    """No workflow of this namespace can be billable: the search attributes are not there."""
    return not set(SEARCH_ATTRIBUTES) <= set(namespaces.attributes(namespace).custom)


def found(namespace: str, query: dict[str, str], chosen: dict[str, str]) -> dict[str, Any]:
    """`chosen`: text, phase and due, as the form has them. `refused`: why nothing was."""
    size = size_of(query.get("size"))
    try:
        number, token, behind = place(query)
    except BadToken:
        number, token, behind = 1, b"", ()
    wanted = _wanted(**chosen)
    unsought = [name for name in SOUGHT if chosen["text"] and indexed.is_hidden(name)]
    try:
        page = workflows.find(namespace, _condition(wanted), size, token)
    except GatewayError as error:
        if error.trouble is not Trouble.INVALID:
            raise
        return {"refused": str(error)}
    names = {"text": "q", "phase": "phase", "due": "due"}
    fixed = {names[name]: value for name, value in chosen.items() if value}
    here = query.get("token", "") if token else ""
    pager = Pager(number, size, len(page.runs), page.next_token, fixed, behind, here)
    rows = [presenters.subscription_row(run) for run in page.runs]
    return {"rows": rows, "pager": pager, "wanted": " AND ".join(wanted), "unsought": unsought}


def _condition(wanted: list[str]) -> str:
    """The newest run of each: those that continued as new are left out."""
    return " AND ".join([SUBSCRIPTIONS_QUERY, "ExecutionStatus != 'ContinuedAsNew'", *wanted])


def _wanted(text: str, phase: str, due: str) -> list[str]:
    """What a person chose; also where a cohort of the same begins."""
    parts = []
    if due:
        until = timezone.now() + timedelta(days=int(due))
        parts.append(f"ExecutionStatus = 'Running' AND DueAt < '{until:%Y-%m-%dT%H:%M:%SZ}'")
    if phase in set(Phase):
        parts.append(f"SubscriptionPhase = '{phase}'")
    if text:
        sought = [f"{name} = '{text}'" for name in SOUGHT if not indexed.is_hidden(name)]
        ids = [f"WorkflowId = '{text}'", f"WorkflowId STARTS_WITH '{text}'"]
        parts.append(f"({' OR '.join([*sought, *ids])})")
    return parts


def subscription(key: RunKey, within: float = LOOK_SECONDS) -> Subscription:
    """With its ledger, if a worker answers in so many seconds."""
    run = workflows.describe(key)
    try:
        return Subscription(key, run, reading.ledger(key, within))
    except reading.NotTheContract as error:
        raise Refusal(502, str(error)) from error
    except GatewayError as error:
        if error.trouble is Trouble.INVALID:
            raise Refusal(404, "This workflow is not billable.", error.detail) from error
        if error.trouble in {Trouble.SLOW, Trouble.CONFLICT, Trouble.BUSY}:
            return Subscription(key, run, None, str(error))
        raise


def with_ledger(key: RunKey) -> Ledger:
    it = subscription(key, steering.ANSWER_SECONDS)
    if it.ledger is None:
        raise Refusal(
            503, f"The subscription does not answer, so nothing can be asked of it. {it.silent}"
        )
    return it.ledger


def newest(key: RunKey) -> RunKey:
    """The run that goes on under this workflow id."""
    return workflows.describe(RunKey(key.namespace, key.workflow_id, "")).summary.key


def page(it: Subscription, query: dict[str, str]) -> dict[str, Any]:
    ledger = it.ledger
    row = presenters.subscription_row(it.run.summary)
    context: dict[str, Any] = {
        "it": it,
        "run": it.run.summary,
        "row": row,
        "waiting": list(
            Proposal.objects.filter(
                namespace=it.key.namespace,
                workflow_id=it.key.workflow_id,
                stage__in=(Proposal.Stage.OPEN, Proposal.Stage.APPROVED),
            )
        ),
    }
    if ledger is None:
        return context | {"shape": row.shape, "word": row.word}
    shape, word = presenters.standing(ledger, it.run)
    retrying = presenters.charging(it.run)
    return (
        context
        | _entries(it.key, ledger, query)
        | {
            "ledger": ledger,
            "shape": shape,
            "word": word,
            "retrying": retrying,
            "drawing": periods.draw(ledger, retrying is not None),
            "ahead": [presenters.change_row(row) for row in ledger.forecast],
            "currency": ledger.terms.charge.currency,
            "money": {
                "charged": presenters.with_currency(ledger.charged),
                "refunded": presenters.with_currency(ledger.refunded),
                "temporary": presenters.with_currency(ledger.terms.temporary_charge),
                "standing": presenters.with_currency(ledger.terms.charge),
                "next": presenters.with_currency(ledger.next_charge),
            },
        }
    )


def _entries(key: RunKey, ledger: Ledger, query: dict[str, str]) -> dict[str, Any]:
    try:
        number, token, behind = place(query)
        after = int(token or b"0")
    except (BadToken, ValueError):
        number, token, behind, after = 1, b"", (), 0
    newest_first = ledger.entries[::-1]
    shown = newest_first[after : after + LEDGER_ROWS]
    more = str(after + LEDGER_ROWS).encode() if len(newest_first) > after + LEDGER_ROWS else b""
    here = query.get("token", "") if token else ""
    return {
        "entries": presenters.entry_rows(shown, _events(key)),
        "total": len(newest_first),
        "pager": Pager(number, LEDGER_ROWS, len(shown), more, {}, behind, here),
    }


def _events(key: RunKey) -> dict[str, tuple[str, int | None]]:
    """audit id -> (run id, event id): where the update stands in the history."""
    return {
        str(entry.id): (entry.run_id, entry.outcome.event_id)
        for entry in of_run(key)[:AUDIT_ENTRIES_MAX]
        if hasattr(entry, "outcome")
    }
