"""Rules -> the word and shape of their state; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from console.alerts.models import Delivery, Kind, Rule, State

SHAPES = {State.WAITING: "waiting", State.SENT: "completed", State.GIVEN_UP: "failed"}


@dataclass(frozen=True, slots=True)
class Standing:
    shape: str
    word: str
    watches: str


@dataclass(frozen=True, slots=True)
class Told:
    shape: str
    word: str
    to: str
    tries: int
    says: str
    key: str


def standing(rule: Rule) -> Standing:
    watches = (
        f"{rule.view_name} over {rule.threshold:,}" if rule.kind == Kind.COUNT else "New incidents"
    )
    if rule.is_firing:
        shape, word = "failed", "Firing, muted" if rule.is_muted else "Firing"
    elif rule.is_muted:
        shape, word = "paused", "Muted"
    else:
        shape, word = ("ok", "Watching") if rule.looked_at else ("waiting", "Not looked at yet")
    return Standing(shape, word, watches)


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
