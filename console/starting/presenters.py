"""How a run was started -> what stands in the form; pure."""

from collections.abc import Mapping
from typing import Any

from console.gateway.starting import Pattern
from console.offering import attributes, copies, priorities, retrying
from console.starting import forms


def initial(kinds: Mapping[str, str], pattern: Pattern | None) -> dict[str, Any]:
    workflow_id = copies.fresh_id()
    if pattern is None:
        return {"workflow_id": workflow_id}
    return {
        "workflow_id": workflow_id,
        "workflow_type": pattern.workflow_type,
        "task_queue": pattern.task_queue,
        "memo": copies.named_text(pattern.memo),
        "headers": copies.named_text(pattern.headers),
        "execution_timeout": pattern.execution_timeout,
        "run_timeout": pattern.run_timeout,
        "task_timeout": pattern.task_timeout,
        "cron": pattern.cron,
        **retrying.initial(pattern.retry),
        **priorities.initial(pattern.precedence),
        **forms.versioning(pattern.override),
        **attributes.initial(kinds, pattern.attributes),
    }
