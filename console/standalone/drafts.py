"""A start of an activity as far as it is written.

The address names the one that it is copied from and no more, so no payload travels through it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from console.gateway import namespaces, standalone_starting
from console.gateway.channel import GatewayError, Trouble
from console.gateway.standalone import ACTIVITIES, Key
from console.gateway.standalone_starting import TIMEOUTS, Order, Pattern
from console.gateway.starting import Parcel
from console.offering import attributes, copies, priorities, retrying
from console.standalone.start_forms import StartForm
from console.ui.refusals import Refusal
from console.ui.typed import Row


@dataclass(frozen=True, slots=True)
class Draft:
    namespace: str
    form: StartForm
    rows: list[Row]
    like: Key | None
    pattern: Pattern | None
    #: it is to be started; else only another argument was asked for
    is_sent: bool
    #: what the rows say, once it is sent; what cannot be read is an error of its row
    arguments: list[Any]

    @property
    def kept_attributes(self) -> dict[str, tuple[str, Parcel]]:
        return self.form.masked(self.pattern.attributes if self.pattern else {})

    @property
    def kept_headers(self) -> list[str]:
        """Those that cannot be shown as JSON and are copied as they are."""
        return copies.unshown(self.pattern.headers if self.pattern else {})

    @property
    def is_wrong(self) -> bool:
        return bool(self.form.is_bound and self.form.errors) or any(row.error for row in self.rows)


def begin(namespace: str, asked: Mapping[str, str], given: QueryDict | None) -> Draft:
    """`asked` names the one to copy: in the address first, in the form from then on."""
    like, pattern = _like(namespace, given if given is not None else asked)
    kinds = namespaces.attributes(namespace).custom
    is_sent = given is not None and given.get("step") != "more"
    initial = given.dict() if given is not None else _initial(kinds, pattern)
    form = StartForm(kinds, given if is_sent else None, initial=initial)
    parcels = pattern.arguments if pattern else ()
    rows = copies.rows(parcels, given)
    arguments = copies.arguments(rows, parcels) if is_sent else []
    return Draft(namespace, form, rows, like, pattern, is_sent, arguments)


def _like(namespace: str, asked: Mapping[str, str]) -> tuple[Key | None, Pattern | None]:
    activity_id = asked.get("like", "")
    if not activity_id:
        return None, None
    key = Key(namespace, ACTIVITIES, activity_id, asked.get("run", ""))
    try:
        return key, standalone_starting.pattern(key)
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID}:
            says = f"There is no such activity {activity_id} to copy, or its retention has ended."
            raise Refusal(404, says, error.detail) from error
        raise


def _initial(kinds: Mapping[str, str], pattern: Pattern | None) -> dict[str, Any]:
    fresh = {"activity_id": copies.fresh_id()}
    if pattern is None:
        return fresh
    return {
        **fresh,
        **pattern.timeouts,
        **retrying.initial(pattern.retry),
        **priorities.initial(pattern.precedence),
        **attributes.initial(kinds, pattern.attributes),
        "type": pattern.type,
        "task_queue": pattern.task_queue,
        "headers": copies.named_text(pattern.headers),
    }


def order(draft: Draft) -> Order:
    """Of a draft in which nothing is wrong."""
    asked = draft.form.cleaned_data
    return Order(
        namespace=draft.namespace,
        activity_id=asked["activity_id"],
        type=asked["type"],
        task_queue=asked["task_queue"],
        arguments=draft.arguments,
        headers=copies.named(asked["headers"], draft.pattern.headers if draft.pattern else {}),
        attributes=draft.kept_attributes | draft.form.attributes(),
        reuse=asked["reuse"],
        conflict=asked["conflict"],
        timeouts={name: asked[name] for name in TIMEOUTS},
        delay=asked["delay"],
        retry=draft.form.retry(),
        precedence=draft.form.precedence(),
        words=draft.pattern.words if draft.pattern else (None, None),
    )
