"""One request of a person: the fields, what was typed into them, what the workflow said to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from console.gateway.payloads import Failure, Value
from console.offering import nodes
from console.offering.forms import WhyForm
from console.offering.nodes import ABSENT, Node
from console.offering.offers import Offer
from console.offering.schema import problems
from console.ui import typed
from console.ui.typed import Row

#: stands for the id of the activity log while the arguments are only checked
NO_AUDIT = "00000000-0000-0000-0000-000000000000"


@dataclass(slots=True)
class Asking:
    offer: Offer
    nodes: list[Node]
    rows: list[Row]
    form: WhyForm | None
    given: QueryDict | None
    #: what is wrong with the request as a whole
    errors: list[str] = field(default_factory=list)
    values: tuple[Value, ...] | None = None
    failure: Failure | None = None
    says: str = ""

    @property
    def is_typed(self) -> bool:
        return self.offer.arguments is not None

    @property
    def once(self) -> str:
        """The key of the form as it was sent."""
        return self.given.get("once", "") if self.given is not None else ""

    @property
    def is_through(self) -> bool:
        """Sent again from this page, it is another act."""
        return bool(self.says or self.failure)

    @property
    def is_wrong(self) -> bool:
        in_form = bool(self.form and self.form.is_bound and self.form.errors)
        in_nodes = any(one.errors for node in self.nodes for one in node.everyone())
        return bool(self.errors) or in_form or in_nodes or any(row.error for row in self.rows)

    def fills(self, person: str, audit: str) -> dict[str, str]:
        reason = self.form.cleaned_data.get("reason", "") if self.form else ""
        return {"person": person, "reason": reason, "audit": audit}

    def arguments(self, fills: Mapping[str, str]) -> list[Any]:
        """Looks at every field; whoever asks looks at `is_wrong` before the first use."""
        if not self.is_typed:
            return typed.values(self.rows)
        return [checked(node, fills) for node in self.nodes]

    def arguments_with(self, fills: Mapping[str, Any]) -> list[Any]:
        """Of what was looked at and found right; `fills` may be anything."""
        if not self.is_typed:
            return typed.values(self.rows)
        return [nodes.value_of(node, fills) for node in self.nodes]


def checked(node: Node, fills: Mapping[str, str]) -> Any:
    """The value that its fields say; what is wrong with it stands at them."""
    value = nodes.value_of(node, fills)
    if any(one.errors for one in node.everyone()):
        return None
    if value is ABSENT:
        node.errors.append("This is required.")
        return None
    nodes.blame(node, problems(node.schema, value))
    return value


def begin(offer: Offer, given: QueryDict | None, *, says_why: bool) -> Asking:
    drawn = [
        nodes.drawn(schema, f"a{number}", f"Argument {number + 1}")
        for number, schema in enumerate(offer.arguments or ())
    ]
    if given is not None:
        for node in drawn:
            nodes.take(node, given)
    texts = given.getlist("argument") if given is not None else []
    wants_more = given is not None and given.get("step") == "more"
    rows = [] if offer.arguments is not None else typed.rows(texts, wants_more)
    form = WhyForm(given if not wants_more else None) if says_why else None
    if wants_more and form is not None and given is not None:
        form.initial["reason"] = given.get("reason", "")
    return Asking(offer, drawn, rows, form, given if not wants_more else None)


def refuse(it: Asking, failure: Failure) -> None:
    """The workflow said no: beside the field that it names, or else at its argument."""
    named = _field_of(failure)
    for node in it.nodes:
        for one in node.everyone():
            if named and (".".join(map(str, one.path)) == named or one.path[-1:] == (named,)):
                one.errors.append(failure.message)
                return
    if len(it.nodes) == 1:
        it.nodes[0].errors.append(failure.message)
    elif len(it.rows) == 1:
        it.rows[0].error = failure.message
    else:
        it.errors.append(failure.message)


def _field_of(failure: Failure) -> str:
    """The first detail of the failure may say {"field": "amount"}."""
    about = failure.details[0].content if failure.details else None
    return str(about.get("field", "")) if isinstance(about, dict) else ""
