"""Rules -> the word and shape of their state; pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from console.alerts.models import Delivery, Kind, Rule, State

SHAPES = {State.WAITING: "waiting", State.SENT: "completed", State.GIVEN_UP: "failed"}


@dataclass(frozen=True, slots=True)
class Standing:
    shape: str
    word: str
    watches: str
    #: who sees it
    belongs: str
    maker: str


@dataclass(frozen=True, slots=True)
class Told:
    shape: str
    word: str
    to: str
    tries: int
    says: str
    key: str


def choice(view: Any) -> str:
    match view.audience:
        case "person":
            return f"{view.name} (yours alone)"
        case "team":
            return f"{view.name} (team {view.team.name})"
        case _:
            return str(view.name)


def standing(rule: Rule, sees: Collection[int]) -> Standing:
    """`sees`: the views that the reader sees; of another one, what its maker last saw."""
    view = rule.view if rule.view_id in sees else None
    name = view.name if view else rule.view_name
    watches = f"{name} over {rule.threshold:,}" if rule.kind == Kind.COUNT else "New incidents"
    shape, word = _state(rule)
    maker = rule.maker.get_full_name() or rule.maker.username
    return Standing(shape, word, watches, _belongs(rule, view), maker)


def _belongs(rule: Rule, view: Any) -> str:
    """`view`: None where the reader does not see it."""
    if rule.kind == Kind.NEW or rule.was_shared or (view and view.audience == "namespace"):
        return "everyone"
    if view and view.audience == "team":
        return f"team {view.team.name}"
    if rule.view is None or rule.view.owner_id == rule.maker_id:
        return "its maker alone"
    return "its maker, and who sees the view"


def _state(rule: Rule) -> tuple[str, str]:
    if rule.stopped_at:
        return "terminated", "Stopped"
    if rule.is_firing:
        return "failed", "Firing, muted" if rule.is_muted else "Firing"
    if rule.is_muted:
        return "paused", "Muted"
    return ("ok", "Watching") if rule.looked_at else ("waiting", "Not looked at yet")


def told(deliveries: Iterable[Delivery]) -> list[Told]:
    return [
        Told(
            SHAPES[State(one.state)],
            f"{one.body['event']}: {State(one.state).label.lower()}",
            one.mail_to or "webhook",
            one.tries,
            one.says,
            str(one.pk),
        )
        for one in deliveries
    ]
