"""Launch, steer, retry: check, call, audit. The stage moves by conditional updates.

Two people may press the same button: the second one's update finds no row, and they are told.
"""

import json
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from console.access import updates
from console.access.decorators import demand
from console.audit.record import Act, called, record
from console.bulk import orders, outcomes, rounds, verbs
from console.bulk.models import ACTIVE, BulkOperation, Continuation, Stage, State
from console.bulk.orders import Plan, Progress
from console.gateway import payloads, steering
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.ui.refusals import Elsewhere, Refusal

VERB = "bulk.run"
#: What a person may ask for, in which stages, and the word while nobody has heard it.
ASKS = {
    orders.PAUSE: (Stage.CANARY, Stage.RUNNING),
    # Also while it runs: its workflow may have been terminated by someone.
    orders.RESUME: ACTIVE,
    orders.ABORT: ACTIVE,
}


def check_right(person: User, verb: str, namespace: str) -> None:
    """Beside `bulk.run`, which the view asked for: who may not do it to one may not to many."""
    demand(person, verbs.named(verb).right, namespace)


def _check_update(person: User, operation: BulkOperation, told: dict[str, Any]) -> None:
    """A bound may be about one update by its name."""
    if operation.verb != "update":
        return
    if says := updates.why_not(person, told["name"], operation.namespace):
        at = reverse("billing:subscriptions", args=[operation.namespace])
        raise Elsewhere(says, at, "To billing")


def launch(
    person: User, operation: BulkOperation, how: dict[str, Any], told: dict[str, Any]
) -> None:
    """From a draft to its canary. `how` it runs, and what the deed was `told`."""
    check_right(person, operation.verb, operation.namespace)
    _check_update(person, operation, told)
    if not operation.eligible:
        raise Refusal(409, "None of these runs can take it.")
    canary = min(how["canary"], operation.eligible)
    stage = Stage.CANARY if canary else Stage.RUNNING
    told = _sealed(operation.namespace, told)
    changes = how | {"told": told, "canary": canary, "stage": stage, "started_at": timezone.now()}
    # Who launches it acts, whoever made the list.
    changes |= {"person": person, "who": called(person)}
    _move(operation, (Stage.DRAFT,), "It was launched or discarded meanwhile.", **changes)
    asked: dict[str, Any] = {name: str(value) for name, value in how.items()}
    asked |= {"told": shown(told)} if told else {}
    asked |= {"verb": operation.verb, "runs": str(operation.eligible), "query": operation.query}
    with _record(person, operation, how["reason"], asked) as act:
        try:
            _start(operation, act, confirmed=not canary)
        except GatewayError as error:
            # What was not answered may have begun; where it has not, whoever resumes begins it.
            if not error.is_no_answer:
                _move(operation, ACTIVE, "", stage=Stage.DRAFT, started_at=None)
            raise
        act.after = {"stage": stage}


#: What of `told` goes to the workflow itself: kept as the namespace's payloads are kept.
SENT = ("arguments", "result")


def _sealed(namespace: str, told: dict[str, Any]) -> dict[str, Any]:
    """But for what the console fills in later: that argument is encoded when it is sent."""
    kept = dict(told)
    for name in set(SENT) & set(told):
        kept[name] = [
            one if orders.FILLED in json.dumps(one) else payloads.sealed(namespace, one)
            for one in told[name]
        ]
    return kept


def shown(told: dict[str, Any]) -> dict[str, Any]:
    """As this person may see it."""
    sent = {name: [payloads.told(one) for one in told[name]] for name in SENT if name in told}
    return told | sent


def ask(person: User, operation: BulkOperation, what: str, reason: str = "") -> None:
    """Pause, resume, abort: a signal, so that it holds even while no worker is there.

    Whoever may run bulk operations may stop one; to let it go on takes the right to its act. What
    is done then is still the act of who began the round.
    """
    if what == orders.RESUME:
        check_right(person, operation.verb, operation.namespace)
        _check_update(person, operation, operation.told)
    _move(operation, ASKS[what], f"It is {operation.get_stage_display().lower()}.", asked=what)
    with _record(person, operation, reason, {"what": what}) as act:
        try:
            _tell(person, operation, what, act)
        except GatewayError as error:
            _move(operation, ACTIVE, "", asked="")
            if what != orders.ABORT or error.trouble is not Trouble.NOT_FOUND:
                raise
            _abort_without_workflow(person, operation)
        if what == orders.RESUME:
            rounds.note(operation, Continuation.What.RESUMED, person, timezone.now())
        act.after = {"asked": what}


def _tell(person: User, operation: BulkOperation, what: str, act: Act) -> None:
    if what == orders.RESUME:
        # Where somebody terminated the system workflow, it is begun anew; the list knows the rest.
        after_canary = (outcomes.next_position(operation) or 0) > operation.canary
        _start(operation, act, confirmed=after_canary)
    key = RunKey(orders.NAMESPACE, operation.workflow_id, "")
    steering.signal(key, what, [called(person)], act.identity, act.id)


def _abort_without_workflow(person: User, operation: BulkOperation) -> None:
    now = timezone.now()
    outcomes.leave_the_rest(operation, now)
    says = f"Aborted by {called(person)}; its system workflow had ended before."
    _move(operation, ACTIVE, "", stage=Stage.ABORTED, says=says, ended_at=now)


def retry(person: User, operation: BulkOperation) -> None:
    """Another round for the failed ones, in the name of who tries again. Their request ids stay,
    so nothing is done twice."""
    check_right(person, operation.verb, operation.namespace)
    _check_update(person, operation, operation.told)
    if not operation.targets.filter(state=State.FAILED).exists():
        raise Refusal(409, "Nothing failed, or it is being tried again.")
    again = _begin_round(person, operation)
    with _record(person, operation, "", {"what": "retry", "runs": str(again)}) as act:
        _start(operation, act, confirmed=True)
        act.after = {"stage": Stage.RUNNING}


@transaction.atomic
def _begin_round(person: User, operation: BulkOperation) -> int:
    """There is no round whose person is not known."""
    now = timezone.now()
    _move(
        operation,
        (Stage.FINISHED, Stage.ABORTED),
        "It has not ended yet.",
        stage=Stage.RUNNING,
        round=operation.round + 1,
        says="",
        ended_at=None,
    )
    rounds.note(operation, Continuation.What.RETRIED, person, now)
    return outcomes.wait_again(operation, now)


def discard(person: User, operation: BulkOperation) -> None:
    with _record(person, operation, "", {"what": "discard"}) as act:
        gone, _ = BulkOperation.objects.filter(pk=operation.pk, stage=Stage.DRAFT).delete()
        if not gone:
            act.refused = "It is no draft any more."
    if not gone:
        raise Refusal(409, "It is no draft any more; it stays on the record.")


def _move(
    operation: BulkOperation, expected: tuple[Stage, ...], otherwise: str, **changes: Any
) -> None:
    moved = BulkOperation.objects.filter(pk=operation.pk, stage__in=expected).update(**changes)
    if not moved:
        raise Refusal(409, f"That is not possible now. {otherwise}")
    operation.refresh_from_db()


def _record(person: User, operation: BulkOperation, reason: str, asked: dict[str, Any]) -> Any:
    return record(
        person,
        VERB,
        namespace=operation.namespace,
        target=str(operation),
        reason=reason,
        asked=asked,
    )


def _start(operation: BulkOperation, act: Act, *, confirmed: bool) -> None:
    plan = Plan(operation.pk, operation.canary, operation.rate, operation.errors_percent_max)
    try:
        steering.start(
            orders.NAMESPACE,
            operation.workflow_id,
            workflow_type=orders.WORKFLOW_TYPE,
            task_queue=settings.BULK_TASK_QUEUE,
            arguments=[vars_of(plan), vars_of(Progress(confirmed=confirmed))],
            identity=act.identity,
            request_id=act.id,
        )
    except GatewayError as error:
        if error.trouble is Trouble.NOT_FOUND:
            says = "No bulk worker has run on this server yet: start `manage.py bulk_worker`."
            raise GatewayError(error.trouble, says, error.detail) from error
        raise


def vars_of(value: Plan | Progress) -> dict[str, Any]:
    return dict(vars(value))
