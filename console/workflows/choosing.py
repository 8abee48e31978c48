"""The dialog that chooses columns: what is chosen, in which order, and what else there is. Pure.

It is one form that is asked again and again: each answer is the form with the change made.
"""

from dataclasses import dataclass

from django.http import QueryDict

from console.gateway import columns
from console.gateway.namespaces import Attributes
from console.gateway.workflows import OUR_ATTRIBUTES
from console.workflows.table import label

GROUPS = ("What fails and waits", "This namespace's own", "Of the system")


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Choosing:
    chosen: list[Choice]
    groups: list[tuple[str, list[Choice]]]
    #: The button that was pressed, to hold the keyboard's place.
    moved: tuple[str, str]
    most: int = columns.COLUMNS_MAX


def chosen(given: QueryDict, attributes: Attributes) -> tuple[str, ...]:
    """In order. The form says `began`; before that, the page's address says what is shown."""
    if "usual" in given:
        return columns.usual(attributes)
    if "began" not in given:
        shown = columns.parse(given.get("cols", ""))
        known = [name for name in shown if columns.kind(name, attributes)]
        return tuple(known) or columns.usual(attributes)
    typed = (columns.MEMO + key.strip() for key in given.get("memo", "").split(","))
    named = [*given.getlist("col"), *typed]
    found = columns.parse(columns.written(named))
    return _moved([name for name in found if columns.kind(name, attributes)], *_move(given))


def in_address(given: QueryDict, attributes: Attributes) -> str:
    """The usual columns need no word."""
    names = chosen(given, attributes)
    return "" if names == columns.usual(attributes) else columns.written(names)


def _move(given: QueryDict) -> tuple[str, int]:
    step = -1 if "up" in given else 1
    return str(given.get("up", given.get("down", ""))), step


def _moved(names: list[str], name: str, step: int) -> tuple[str, ...]:
    if name in names:
        at = names.index(name)
        to = min(max(at + step, 0), len(names) - 1)
        names.insert(to, names.pop(at))
    return tuple(names)


def choosing(given: QueryDict, attributes: Attributes) -> Choosing:
    now = chosen(given, attributes)
    name, step = _move(given)
    moved = (name, ("up" if step < 0 else "down") if name else "")
    found: dict[str, list[Choice]] = {group: [] for group in GROUPS}
    others = [columns.PROBLEM] if attributes.ours else []
    for one in [*others, *attributes.custom, *attributes.system]:
        if one not in now and columns.kind(one, attributes):
            found[group_of(one, attributes)].append(_choice(one, attributes))
    groups = [(group, choices) for group, choices in found.items() if choices]
    return Choosing([_choice(one, attributes) for one in now], groups, moved)


def group_of(name: str, attributes: Attributes) -> str:
    if name in OUR_ATTRIBUTES or name == columns.PROBLEM:
        return GROUPS[0]
    return GROUPS[1] if name in attributes.custom else GROUPS[2]


def _choice(name: str, attributes: Attributes) -> Choice:
    return Choice(name, label(name), columns.kind(name, attributes))
