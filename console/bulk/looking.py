"""What a page of one operation needs, read at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import Http404, QueryDict

from console.access import updates
from console.access.policy import can
from console.bulk import actions, orders, outcomes, presenters, rounds, verbs
from console.bulk.forms import LaunchForm
from console.bulk.models import OPEN_STATES, BulkOperation, Stage, State
from console.gateway import task_queues, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunDetail, RunKey
from console.ui.htmx import version_of
from console.ui.pages import BadToken, Pager, place, size_of

RATE_SECONDS = 30
SAMPLES = 10
#: Of so many runs it is told before it begins what follows.
PREVIEWED_MAX = 20


def operation_of(namespace: str, number: int) -> BulkOperation:
    try:
        return BulkOperation.objects.select_related("person").get(pk=number, namespace=namespace)
    except BulkOperation.DoesNotExist:
        raise Http404 from None


class Asking:
    """The two forms of a draft: what the deed is told, and how it runs."""

    def __init__(
        self, operation: BulkOperation, given: QueryDict | None = None, person: User | None = None
    ) -> None:
        deed = verbs.named(operation.verb)
        sample = _sample(operation) if deed.form.wants_sample else None
        self.own = deed.form(given, sample)
        if operation.verb == "update" and person is not None:
            barred = updates.barred(person, operation.namespace)
            self.own.offered = [one for one in self.own.offered if one not in barred]
        self.how = LaunchForm(given, eligible=operation.eligible, deed=deed)
        self.wants_more = given is not None and self.own.is_unfinished

    def is_complete(self) -> bool:
        if self.wants_more:
            self.own.errors.clear()
            self.how.errors.clear()
            return False
        own, how = self.own.is_valid(), self.how.is_valid()
        return bool(own and how)


def _sample(operation: BulkOperation) -> RunDetail | None:
    """What the first of them says it takes, or has pending, is offered for all."""
    first = operation.targets.filter(position=1).first()
    if first is None:
        return None
    try:
        return workflows.describe(RunKey(operation.namespace, first.workflow_id, first.run_id))
    except GatewayError:
        return None


def rights(person: User, operation: BulkOperation) -> dict[str, Any]:
    return {
        "may_run": verbs.may(person, operation.verb, operation.namespace),
        "may_stop": can(person, "bulk.run", operation.namespace),
    }


def draft(operation: BulkOperation, asking: Asking) -> dict[str, Any]:
    rows = presenters.status_rows(outcomes.by_status(operation))
    eligible = operation.targets.filter(state=State.WAITING).order_by("position")
    return {
        "operation": operation,
        "title": presenters.title(operation),
        "stages": presenters.stage_marks(operation),
        "rows": rows,
        "runs": sum(row.runs for row in rows),
        "not_eligible": sum(row.not_eligible for row in rows),
        "samples": [(one, presenters.target_url(operation, one)) for one in eligible[:SAMPLES]],
        "nouns": ",".join(presenters.nouns(operation)),
        "list_url": presenters.list_url(operation),
        "deed": verbs.named(operation.verb),
        "asking": asking,
        "worker_away": worker_is_away(),
    }


def preview(operation: BulkOperation, told: Mapping[str, Any]) -> dict[str, Any]:
    deed = verbs.named(operation.verb)
    if deed.preview is None or operation.stage != Stage.DRAFT:
        raise Http404
    first = operation.targets.filter(state=State.WAITING).order_by("position")[:PREVIEWED_MAX]
    keys = [RunKey(operation.namespace, one.workflow_id, one.run_id) for one in first]
    about = {"operation": operation, "title": presenters.title(operation), "deed": deed}
    return about | dict(deed.preview(keys, told))


def progress(operation: BulkOperation, now: datetime) -> dict[str, Any]:
    counts = outcomes.tally(operation)
    canary = outcomes.of_canary(operation)
    in_canary = any(canary[state] for state in OPEN_STATES)
    continued = rounds.shown(operation)
    version = version_of(
        operation.stage,
        operation.says,
        operation.asked,
        sorted(counts.items()),
        [one.pk for one in continued],
    )
    return {
        "operation": operation,
        "title": presenters.title(operation),
        "continued": continued,
        "stages": presenters.stage_marks(operation, in_canary),
        "told": actions.shown(operation.told),
        "list_url": presenters.list_url(operation),
        "asked": presenters.ASKED.get(operation.asked, ""),
        "progress": presenters.progress(
            operation,
            counts,
            canary,
            outcomes.failed_of_newest(operation, orders.ERRORS_OF),
            outcomes.by_second(operation, now, RATE_SECONDS),
        ),
        "failed": counts[State.FAILED],
        "deed": verbs.named(operation.verb),
        "failed_word": presenters.word_of(operation, State.FAILED),
        "version": version,
        "may_pause": operation.stage in {Stage.CANARY, Stage.RUNNING},
        "may_go_on": operation.stage in {Stage.ASKING, Stage.PAUSED},
    }


def targets(operation: BulkOperation, query: dict[str, str]) -> dict[str, Any]:
    """One page of the outcomes, in the order of the list."""
    state = query.get("state", "") if query.get("state") in State.values else ""
    groups = outcomes.groups(operation, verbs.named(operation.verb).alike)
    chosen = next((one for one in groups if one.mark == query.get("alike")), None)
    try:
        number, token, behind = place(query)
        after = int(token or b"0")
    except (BadToken, ValueError):
        number, token, behind, after = 1, b"", (), 0
    size = size_of(query.get("size"))
    found = operation.targets.filter(pk__gt=after, **({"state": state} if state else {}))
    if chosen:
        found = found.filter(**chosen.conditions)
    page = list(found.order_by("pk")[: size + 1])
    shown = page[:size]
    more = str(shown[-1].pk).encode() if len(page) > size else b""
    here = query.get("token", "") if token else ""
    rows = [presenters.target_row(operation, target) for target in shown]
    asked = {"state": state} | ({"alike": chosen.mark} if chosen else {})
    counts = outcomes.tally(operation)
    counts[State.INELIGIBLE] = operation.not_eligible
    return {
        "operation": operation,
        "tabs": presenters.tabs(operation, counts, state),
        "state": state,
        "report": presenters.report(operation, groups),
        "chosen": chosen,
        "failed_word": presenters.word_of(operation, State.FAILED),
        "targets": rows,
        "total": counts[state] if state else sum(counts.values()),
        "pager": Pager(number, size, len(shown), more, asked, behind, here),
        "targets_version": version_of(operation.stage, sorted(counts.items()), rows),
    }


def worker_is_away() -> bool:
    """Nobody polls the queue of the system workflows. False when that cannot be told."""
    try:
        queue = task_queues.describe(orders.NAMESPACE, settings.BULK_TASK_QUEUE)
    except GatewayError as error:
        return error.trouble is Trouble.NOT_FOUND
    return not queue.workflow.pollers


def is_lost(operation: BulkOperation) -> bool:
    """Its system workflow has ended, though the list has not: someone terminated it."""
    if not operation.is_active:
        return False
    key = RunKey(orders.NAMESPACE, operation.workflow_id, "")
    try:
        return not workflows.describe(key).summary.is_open
    except GatewayError as error:
        return error.trouble is Trouble.NOT_FOUND
