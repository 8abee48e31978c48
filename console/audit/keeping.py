"""What the log may hold of what was asked and done: no more than anybody may see.

Everyone with a role reads the log, so each field that is masked from anybody is masked in it; and
what a namespace's codec encodes on its way to the engine is not kept here in the clear either.
"""

from json import dumps
from typing import Any

from django.conf import settings

from console import policies
from console.gateway import indexed, masks, sound

#: under which acts write down what they sent to a workflow, or as the result of an activity
SENT = frozenset({"argument", "arguments", "result"})
#: of them, as JSON; more stands where it was sent alone, and not on each page of the log
SENT_LENGTH_MAX = 16_000


def kept(namespace: str, told: Any) -> Any:
    policy = policies.of(settings.PAYLOADS, namespace)
    if isinstance(told, dict):
        keeps = _sealed if policy.codec is not None else _cut
        told = {name: keeps(value) if name in SENT else value for name, value in told.items()}
        # What a bulk operation tells each run stands below a name of its own.
        told |= {name: _each(value) for name, value in told.items() if isinstance(value, dict)}
    if isinstance(told, dict) and isinstance(query := told.get("query"), str):
        told = told | {"query": indexed.told_to_all(namespace, query)}
    try:
        return sound.json(masks.masked(told, policy.hidden_from(None))[0])
    except (masks.TooDeep, RecursionError):
        return "nested too deeply to be kept"


def said(namespace: str, words: str) -> str:
    """Of a refusal, which may be the words of a failure."""
    found = kept(namespace, {"failure": {"message": words}})
    failure = found.get("failure") if isinstance(found, dict) else None
    return str(failure["message"]) if isinstance(failure, dict) else masks.MASK


def _cut(value: Any) -> Any:
    try:
        length = len(dumps(value, ensure_ascii=False, default=str))
    except RecursionError:
        return value
    return value if length <= SENT_LENGTH_MAX else f"{_many(value)}, {length:,} characters"


def _each(told: dict[str, Any]) -> dict[str, Any]:
    return {name: _cut(value) if name in SENT else value for name, value in told.items()}


def _many(value: Any) -> int:
    return len(value) if isinstance(value, list) else 1


def _sealed(value: Any) -> str | None:
    if value in (None, []):
        return None
    return f"{_many(value)}, encoded in the history; not kept here"
