"""What a run can be told and asked: the workflow's own metadata, and its memo `perdure.actions`.

The memo has, for each kind, actions by name, each with the JSON Schemas of its arguments:

    {"updates": {"decide": {"description": "…", "arguments": [{"type": "object", …}]}}}

and by their types the activities whose result it describes, for who completes one by hand:

    {"activities": {"charge_card": {"result": {"type": "object", …}}}}
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from console.gateway import sight, steering
from console.gateway.channel import GatewayError
from console.gateway.runs import RunDetail, RunKey

METADATA_QUERY = "__temporal_workflow_metadata"
MEMO = "perdure.actions"
ANSWER_SECONDS = 4.0
ARGUMENTS_MAX = 20
#: kind -> (in the metadata, in the memo)
KINDS = {
    "update": ("updateDefinitions", "updates"),
    "signal": ("signalDefinitions", "signals"),
    "query": ("queryDefinitions", "queries"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    kind: str
    name: str
    description: str
    #: None: the workflow does not say what it takes
    arguments: tuple[Any, ...] | None

    @property
    def is_of_sdk(self) -> bool:
        return self.name.startswith("__")


@dataclass(frozen=True, slots=True)
class Offers:
    all: tuple[Offer, ...]
    #: why the workflow itself could not be asked; "" when it answered
    silence: str = ""

    def of(self, kind: str) -> list[Offer]:
        return [one for one in self.all if one.kind == kind]


def of_run(run: RunDetail) -> Offers:
    """The workflow's own list, then what only the memo names."""
    told, silence = _metadata(run.summary.key)
    memo = typed_actions(run.summary.memo)
    found = {}
    for kind, name, description in _defined(told):
        arguments, in_memo = memo.get((kind, name), (None, ""))
        found[kind, name] = Offer(kind, name, description or in_memo, arguments)
    for (kind, name), (arguments, description) in memo.items():
        found.setdefault((kind, name), Offer(kind, name, description, arguments))
    return Offers(tuple(found.values()), silence)


def offer(run: RunDetail, kind: str, name: str) -> Offer:
    """Without asking the workflow: what the memo says of it, if anything."""
    return of_memo(run.summary.memo, kind, name)


def of_memo(memo: Mapping[str, Any], kind: str, name: str) -> Offer:
    arguments, description = typed_actions(memo).get((kind, name), (None, ""))
    return Offer(kind, name, description, arguments)


def result_of(memo: Mapping[str, Any], activity: str) -> Any:
    """The JSON Schema of what an activity of this type returns; None where nothing says it."""
    given = memo.get(MEMO)
    activities = given.get("activities") if isinstance(given, dict) else None
    one = activities.get(activity) if isinstance(activities, dict) else None
    return one.get("result") if isinstance(one, dict) else None


def _metadata(key: RunKey) -> tuple[Any, str]:
    try:
        with sight.unmasked():
            values = steering.query(key, METADATA_QUERY, deadline=ANSWER_SECONDS)
    except GatewayError as error:
        return {}, str(error)
    content = values[0].content if values else None
    return (content, "") if isinstance(content, dict) else ({}, "It answered something unknown.")


def _defined(told: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    definition = told.get("definition")
    for kind, (field, _) in KINDS.items():
        rows = definition.get(field) if isinstance(definition, dict) else None
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and row.get("name") and row["name"] != METADATA_QUERY:
                yield kind, str(row["name"]), str(row.get("description") or "")


Typed = Mapping[tuple[str, str], tuple[tuple[Any, ...] | None, str]]


def typed_actions(memo: Mapping[str, Any]) -> Typed:
    """(kind, name) -> (schemas of its arguments, description). The rest is left out."""
    given = memo.get(MEMO)
    found: dict[tuple[str, str], tuple[tuple[Any, ...] | None, str]] = {}
    for kind, (_, field) in KINDS.items():
        actions = given.get(field) if isinstance(given, dict) else None
        for name, one in actions.items() if isinstance(actions, dict) else ():
            if isinstance(one, dict):
                arguments = one.get("arguments")
                is_list = isinstance(arguments, list) and len(arguments) <= ARGUMENTS_MAX
                schemas = tuple(arguments) if is_list and arguments is not None else None
                found[kind, str(name)] = (schemas, str(one.get("description") or ""))
    return found
