"""What a run's own code says it can be told: asked once for each length of its history.

The question may make a worker run the history again, so it is asked where it is wanted only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache

from console.gateway import sight, steering, summaries
from console.gateway.channel import GatewayError
from console.gateway.runs import RunKey

QUERY = "__temporal_workflow_metadata"
ANSWER_SECONDS = 1.5
#: who asks for them waits for them
DETAILS_SECONDS = 2.5
KEEP_SECONDS = 600
#: Who did not answer is not asked again at once.
SILENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Handlers:
    """The names of each; "" is one that takes any name."""

    signals: tuple[str, ...]
    updates: tuple[str, ...]

    @property
    def takes_any(self) -> bool:
        return bool(self.signals or self.updates)


def handlers(key: RunKey, length: int) -> Handlers | None:
    """None: it did not say, as code without an SDK, or a worker that is busy."""
    name = f"handlers:{settings.ENGINE_ADDRESS}:{key.run_id}:{length}"
    kept: tuple[Handlers | None] | None = cache.get(name)
    if kept is not None:
        return kept[0]
    found = _asked(key)
    cache.set(name, (found,), KEEP_SECONDS if found else SILENCE_SECONDS)
    return found


def current_details(key: RunKey) -> str:
    """What the code says of the run as it stands now, in Markdown; "" where it says nothing.

    Read through the sight of who asks. Raises where no worker answers.
    """
    values = steering.query(key, QUERY, deadline=DETAILS_SECONDS)
    content = values[0].content if values else None
    said = content.get("currentDetails") if isinstance(content, dict) else None
    return said[: summaries.DETAILS_LETTERS_MAX] if isinstance(said, str) else ""


def _asked(key: RunKey) -> Handlers | None:
    try:
        with sight.unmasked():
            values = steering.query(key, QUERY, deadline=ANSWER_SECONDS)
    except GatewayError:
        return None
    content = values[0].content if values else None
    definition = content.get("definition") if isinstance(content, dict) else None
    if not isinstance(definition, dict):
        return None
    return Handlers(_names(definition, "signal"), _names(definition, "update"))


def _names(definition: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """A handler without a name takes what no other does; those of the SDK itself are left out."""
    rows = definition.get(f"{kind}Definitions")
    rows = rows if isinstance(rows, list) else []
    names = (str(row.get("name") or "") for row in rows if isinstance(row, dict))
    return tuple(sorted(name for name in names if not name.startswith("__")))
