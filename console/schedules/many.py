"""One act on each of several schedules: each has its own row of the activity log, and outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User

from console.gateway import schedules
from console.gateway.channel import GatewayError, Trouble
from console.gateway.schedules import ScheduleDetail
from console.schedules import actions

#: A page of them: somebody waits while each is asked.
AT_ONCE_MAX = 50
#: Then the others are not asked: each would be waited for in vain.
AWAY = frozenset({Trouble.AWAY, Trouble.SLOW, Trouble.UNSUPPORTED})

Doing = Callable[[User, str, ScheduleDetail, str], None]


@dataclass(frozen=True, slots=True)
class Verb:
    name: str
    right: str
    word: str
    done: str
    says: str
    act: Doing
    is_final: bool = False
    #: The state in which there is nothing to do.
    paused: bool | None = None


def _trigger(person: User, namespace: str, one: ScheduleDetail, reason: str) -> None:
    actions.trigger(person, namespace, one, "UNSPECIFIED", reason)


VERBS: Mapping[str, Verb] = {
    one.name: one
    for one in (
        Verb(
            "pause", "schedule.pause", "Pause", "Paused",
            "They start nothing by themselves until they are resumed. What runs, runs on.",
            actions.pause, paused=True,
        ),
        Verb(
            "resume", "schedule.pause", "Resume", "Resumed",
            "They act again from the next time on. The times in between are not made up for.",
            actions.resume, paused=False,
        ),
        Verb(
            "trigger", "schedule.trigger", "Start now", "Triggered",
            "One run of each starts as if its time had come, also while it is paused.", _trigger,
        ),
        Verb(
            "delete", "schedule.delete", "Delete", "Deleted",
            "They start nothing any more. What runs, runs on. This cannot be taken back.",
            actions.delete, is_final=True,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    verb: Verb
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    id: str
    shape: str
    says: str


def act(person: User, namespace: str, wanted: Wanted, reason: str) -> list[Outcome]:
    found: list[Outcome] = []
    away = ""
    for name in wanted.ids:
        if away:
            found.append(Outcome(name, "skipped", f"Not asked: {away}"))
            continue
        try:
            found.append(_done(person, namespace, wanted.verb, name, reason))
        except GatewayError as refused:
            found.append(Outcome(name, "failed", str(refused)))
            away = str(refused) if refused.trouble in AWAY else ""
    return found


def _done(person: User, namespace: str, verb: Verb, name: str, reason: str) -> Outcome:
    one = schedules.describe(namespace, name)
    if verb.paused is not None and one.summary.paused == verb.paused:
        return Outcome(name, "skipped", f"{verb.done} already")
    verb.act(person, namespace, one, reason)
    return Outcome(name, "completed", verb.done)
