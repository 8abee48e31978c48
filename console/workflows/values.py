"""Values that an attribute has in a namespace, for who begins to type one.

Counted by the index where it groups, the commonest of very many; elsewhere the newest runs have
them. What is kept is everybody's, so it is kept whole and masked for each.
"""

from collections import Counter
from typing import Any

from django.utils import timezone

from console.gateway import columns, counting, indexed, namespaces, sight, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.conditions import grouped_by
from console.gateway.namespaces import Attributes
from search.attributes import STATUSES

#: Attributes of the server whose few values are worth a look; of the namespace's own, all keywords.
OF_THE_SERVER = frozenset({"WorkflowType", "TaskQueue", "LastFailureType"})
KEYWORDS = frozenset({"Keyword", "KeywordList"})
SEEN_SECONDS, SEEN_RUNS, SEEN_MAX = 60, 200, 1_000
#: A group-by of the namespace's own looks at every run.
OWN_SECONDS = 300


def seen(namespace: str, attribute: str) -> list[str]:
    """The commonest first; kept a while, and at most two calls to learn."""
    if attribute == "ExecutionStatus":
        return list(STATUSES[1:])
    try:
        attributes = namespaces.attributes(namespace)
        if attribute not in _known(attributes) or indexed.is_hidden(attribute):
            return []
        found = _grouped(namespace, attribute) if attributes.ours else None
        if found is None:
            found = _newest(namespace, attribute)
    except GatewayError:
        return []
    return [one for one in found if indexed.value_seen(attribute, one) == one][:SEEN_MAX]


def _known(attributes: Attributes) -> frozenset[str]:
    own = (name for name, kind in attributes.custom.items() if kind in KEYWORDS)
    return OF_THE_SERVER.union(own)


def _grouped(namespace: str, attribute: str) -> list[str] | None:
    """The commonest; None: the index does not tell them."""
    keep = SEEN_SECONDS if attribute in OF_THE_SERVER else OWN_SECONDS
    try:
        counted = counting.count(namespace, grouped_by(attribute, ours=True), keep)
    except GatewayError as error:
        if error.trouble is Trouble.INVALID:
            return None
        raise
    values = (group.values[0] for group in counted.counts.groups)
    return [str(value) for value in values if value]


def _newest(namespace: str, attribute: str) -> list[str]:
    """Of all that may be known by value, from one list."""

    def ask() -> dict[str, Counter[str]]:
        known = _known(namespaces.attributes(namespace))
        with sight.unmasked():
            runs, now = workflows.find(namespace, "", SEEN_RUNS).runs, timezone.now()
        return {
            name: Counter(value for run in runs for value in _texts(columns.value(run, name, now)))
            for name in known
        }

    answer = counting.once(namespace, f"{SEEN_RUNS} newest runs", ask, SEEN_SECONDS)
    return [value for value, _ in answer.found.get(attribute, Counter()).most_common()]


def _texts(value: Any) -> list[str]:
    many = value if isinstance(value, list) else [value]
    return [str(one) for one in many if one]
