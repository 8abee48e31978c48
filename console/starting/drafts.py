"""A start as far as it is written.

The address names the run that it is copied from and no more: what that run was started with is read
from its history each time, so no payload travels through an address, and one that was not changed
is sent as it came, whatever its encoding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from console.gateway import namespaces, starting
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.gateway.starting import Order, Parcel, Pattern
from console.offering import copies
from console.starting import presenters
from console.starting.forms import StartForm
from console.ui.refusals import Refusal
from console.ui.typed import Row


@dataclass(frozen=True, slots=True)
class Draft:
    namespace: str
    form: StartForm
    rows: list[Row]
    like: RunKey | None
    pattern: Pattern | None
    #: it is to be started; else only another argument was asked for
    is_sent: bool
    #: what the rows say, once it is sent; what cannot be read is an error of its row
    arguments: list[Any]

    @property
    def kept_memo(self) -> list[str]:
        """Memo that cannot be shown as JSON and is copied as it is."""
        return copies.unshown(self.pattern.memo if self.pattern else {})

    @property
    def kept_headers(self) -> list[str]:
        """Likewise."""
        return copies.unshown(self.pattern.headers if self.pattern else {})

    @property
    def kept_attributes(self) -> dict[str, tuple[str, Parcel]]:
        """Those that this person does not see, unless they write another value."""
        return self.form.masked(self.pattern.attributes if self.pattern else {})

    @property
    def is_wrong(self) -> bool:
        return bool(self.form.is_bound and self.form.errors) or any(row.error for row in self.rows)


def begin(
    namespace: str, asked: Mapping[str, str], given: QueryDict | None, *, may_terminate: bool
) -> Draft:
    """`asked` names the run to copy: in the address first, in the form from then on."""
    like, pattern = _like(namespace, given if given is not None else asked)
    kinds = namespaces.attributes(namespace).custom
    is_sent = given is not None and given.get("step") != "more"
    initial = given.dict() if given is not None else presenters.initial(kinds, pattern)
    form = StartForm(
        kinds, given if is_sent else None, initial=initial, may_terminate=may_terminate
    )
    parcels = pattern.arguments if pattern else ()
    rows = copies.rows(parcels, given)
    arguments = copies.arguments(rows, parcels) if is_sent else []
    return Draft(namespace, form, rows, like, pattern, is_sent, arguments)


def _like(namespace: str, asked: Mapping[str, str]) -> tuple[RunKey | None, Pattern | None]:
    workflow_id, run_id = asked.get("like", ""), asked.get("run", "")
    if not workflow_id:
        return None, None
    key = RunKey(namespace, workflow_id, run_id)
    try:
        return key, starting.pattern(key)
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID}:
            says = f"There is no such run of {workflow_id} to copy, or its retention has ended."
            raise Refusal(404, says, error.detail) from error
        raise


def order(draft: Draft) -> Order:
    """Of a draft in which nothing is wrong."""
    asked = draft.form.cleaned_data
    return Order(
        namespace=draft.namespace,
        workflow_id=asked["workflow_id"],
        workflow_type=asked["workflow_type"],
        task_queue=asked["task_queue"],
        arguments=draft.arguments,
        memo=copies.named(asked["memo"], draft.pattern.memo if draft.pattern else {}),
        headers=copies.named(asked["headers"], draft.pattern.headers if draft.pattern else {}),
        attributes=draft.kept_attributes | draft.form.attributes(),
        reuse=asked["reuse"],
        conflict=asked["conflict"],
        execution_timeout=asked["execution_timeout"],
        run_timeout=asked["run_timeout"],
        task_timeout=asked["task_timeout"],
        delay=asked["delay"],
        cron=asked["cron"],
        retry=draft.form.retry(),
        precedence=draft.form.precedence(),
        override=draft.form.override(),
        words=draft.pattern.words if draft.pattern else (None, None),
    )
