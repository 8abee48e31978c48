"""How a run was started -> what stands in the form; pure."""

from collections.abc import Mapping
from typing import Any

from console.gateway.starting import Parcel, Pattern
from console.starting.forms import ATTRIBUTE
from console.ui import typed, words


def initial(kinds: Mapping[str, str], pattern: Pattern | None, workflow_id: str) -> dict[str, Any]:
    if pattern is None:
        return {"workflow_id": workflow_id}
    retry = pattern.retry
    return {
        "workflow_id": workflow_id,
        "workflow_type": pattern.workflow_type,
        "task_queue": pattern.task_queue,
        "memo": _memo_text(pattern),
        "execution_timeout": pattern.execution_timeout,
        "run_timeout": pattern.run_timeout,
        "task_timeout": pattern.task_timeout,
        "cron": pattern.cron,
        "attempts": retry.maximum_attempts if retry else None,
        "first_pause": retry.initial_interval if retry else None,
        "factor": retry.backoff_coefficient or None if retry else None,
        "longest_pause": retry.maximum_interval if retry else None,
    } | {ATTRIBUTE + name: _typed_in(pattern.attributes.get(name)) for name in kinds}


def _typed_in(value: Any) -> Any:
    if isinstance(value, Parcel):
        return None
    return str(value).lower() if isinstance(value, bool) else value


def _memo_text(pattern: Pattern) -> str:
    shown = {name: one.value.content for name, one in pattern.memo.items() if one.value.readable}
    return typed.pretty(shown) if shown else ""


def told(parcel: Parcel) -> str:
    value = parcel.value
    return f"{value.encoding}, {words.size(value.size)}: {value.note}"


def text_of(parcel: Parcel) -> str:
    return typed.pretty(parcel.value.content) if parcel.value.readable else ""
