"""Gateway dataclasses -> template rows; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from console.gateway.rules import Rule


@dataclass(frozen=True, slots=True)
class RuleRow:
    name: str
    activities: str
    runs: str
    state: str
    word: str
    expires_at: datetime | None
    created_at: datetime | None
    who: str
    reason: str


def rows(found: Iterable[Rule], now: datetime) -> list[RuleRow]:
    """Those that hold first, the newest of them first."""
    every = sorted(found, key=lambda one: one.created_at or now, reverse=True)
    return sorted((_row(one, now) for one in every), key=lambda one: one.state != "paused")


def _row(one: Rule, now: datetime) -> RuleRow:
    wanted = one.wanted
    is_over = wanted.expires_at is not None and wanted.expires_at <= now
    state, word = ("skipped", "Expired") if is_over else ("paused", "Pauses")
    return RuleRow(
        wanted.id, wanted.activities, wanted.runs, state, word, wanted.expires_at,
        one.created_at, one.who, one.reason,
    )  # fmt: skip
