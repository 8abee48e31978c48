"""What a change of a namespace would mean, before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from console.gateway import namespaces, workflows
from console.gateway.channel import GatewayError
from console.gateway.namespaces import Namespace
from console.ui import words
from console.ui.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Difference:
    word: str
    before: str
    after: str


def differences(about: Namespace, changes: Mapping[str, Any]) -> list[Difference]:
    was = shown({name: getattr(about, name) for name in changes})
    return [Difference(name, was[name], text) for name, text in shown(changes).items()]


def shown(values: Mapping[str, Any]) -> dict[str, str]:
    """In the words of the form and the activity log."""
    return {WORDS[name]: _text(value) for name, value in values.items()}


WORDS = {"retention": "Keeps closed runs", "description": "Description"}


def _text(value: Any) -> str:
    if isinstance(value, timedelta):
        return words.span(value)
    return value or "none"


def warning(about: Namespace, changes: Mapping[str, Any], now: datetime) -> str:
    """What another retention does to the runs that have closed; "" where nothing is lost."""
    wanted = changes.get("retention")
    if wanted is None or about.retention is None or wanted >= about.retention:
        return ""
    return (
        "Closed runs are deleted for good once they are older than that."
        f" {_closed_before(about.name, now - wanted)} A server of ours applies it to those that are"
        " closed already as well, within a minute or so; another one may keep those for as long as"
        " it was said when they closed."
    )


def _closed_before(namespace: str, at: datetime) -> str:
    try:
        query = f"CloseTime < '{at.isoformat()}'"
        count = workflows.count(namespace, query).total
    except GatewayError:
        return "Nobody could say how many are older now."
    if not count:
        return "None is older now."
    return f"{words.plural(count, 'run is', 'runs are')} older now."


@dataclass(frozen=True, slots=True)
class Attribute:
    namespace: str
    name: str
    type: str

    @property
    def held(self) -> str:
        """How many runs have a value of it."""
        try:
            count = workflows.count(self.namespace, f"`{self.name}` IS NOT NULL").total
        except GatewayError:
            return "Nobody could say how many runs have a value of it."
        has = "has" if count == 1 else "have"
        return f"{words.plural(count, 'run', 'runs')} {has} a value of it."


def attribute(namespace: str, name: str) -> Attribute:
    """One that can be removed."""
    known = namespaces.attributes(namespace)
    if name in known.system:
        raise Refusal(404, f"{name} is the system's, and stays.")
    if name not in known.custom:
        raise Refusal(
            404,
            f"{namespace} has no search attribute {name}: it was removed, or never was.",
        )
    return Attribute(namespace, name, known.custom[name])
