"""Where the runs of a list go back to: of each run the point that the same words mean. Pure.

last      its last completed workflow task
failed    the one that decided the first activity that failed for good
first     its first
time      the last that was completed by then
build     the first that was completed by the code of that build
activity  the one that decided the first activity of that type
tasks     so many before its last
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.replay import planner
from console.replay.planner import Step
from console.ui import words

LAST, FAILED, FIRST, TIME, BUILD, ACTIVITY = "last", "failed", "first", "time", "build", "activity"
TASKS = "tasks"
#: The workflow tasks of the longest history are fewer.
TASKS_MAX = 20_000
CHOICES = (
    (LAST, "the last workflow task"),
    (FAILED, "the task before the first activity that failed"),
    (FIRST, "the first workflow task"),
    (TIME, "how it stood at a time"),
    (BUILD, "the first task that a build did"),
    (ACTIVITY, "the task before the first activity of a type"),
    (TASKS, "so many workflow tasks before the last"),
)
MOMENT = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class Aim:
    to: str = LAST
    at: datetime | None = None
    build: str = ""
    activity: str = ""
    tasks: int = 0

    @property
    def is_usual(self) -> bool:
        """Planned for every list, whatever was chosen."""
        return self.to in {LAST, FAILED, FIRST}

    @property
    def says(self) -> str:
        """As the heading of what follows."""
        match self.to:
            case "time":
                return f"Back to {self.at:{MOMENT}} UTC"
            case "build":
                return f"Back to the first task of {self.build}"
            case "activity":
                return f"Back to before {self.activity}"
            case "tasks":
                return f"Back by {words.plural(self.tasks, 'workflow task', 'workflow tasks')}"
            case _:
                return f"Back to {dict(CHOICES)[self.to]}"

    @property
    def misses(self) -> str:
        """Why a run has no such point."""
        return {
            FAILED: "None of its activities failed for good: there is no such point.",
            TIME: "It had completed no workflow task by then: there is no such point.",
            BUILD: f"None of its workflow tasks was completed by {self.build}.",
            ACTIVITY: f"It has begun no activity {self.activity}: there is no such point.",
            TASKS: "It has completed no more workflow tasks than that: there is no such point.",
        }.get(self.to, "It has completed no workflow task yet: there is no point to go back to.")


def of(told: Mapping[str, Any]) -> Aim:
    """As the form of the deed kept it, or an address says it; what cannot be read is the usual."""
    at = moment(str(told.get("at") or ""))
    build, activity = str(told.get("build") or ""), str(told.get("activity") or "")
    tasks = number(str(told.get("tasks") or ""))
    to = str(told.get("to") or LAST)
    needs = {TIME: at is not None, BUILD: bool(build), ACTIVITY: bool(activity), TASKS: tasks > 0}
    if to not in dict(CHOICES) or not needs.get(to, True):
        to = LAST
    return Aim(to, at, build, activity, tasks)


def number(text: str) -> int:
    """0 where it is none that can be meant."""
    found = int(text) if text.isdecimal() and len(text) < 9 else 0
    return found if found <= TASKS_MAX else 0


def moment(text: str) -> datetime | None:
    """As it is typed, in UTC; None where it cannot be read."""
    try:
        return datetime.strptime(text.strip().replace("T", " ")[:16], MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def point(every: Sequence[Step], aim: Aim) -> int | None:
    """The event of the workflow task's end; None where this run has no such point."""
    tasks = [step for step in every if step.is_point]
    match aim.to:
        case "failed":
            return planner.before_failure(every)
        case "activity":
            return _before(every, tasks, aim.activity)
        case "time":
            fits = [task for task in tasks if aim.at and task.at <= aim.at][-1:]
        case "build":
            fits = [task for task in tasks if task.build == aim.build]
        case "first":
            fits = tasks
        case "tasks":
            fits = tasks[-1 - aim.tasks :] if aim.tasks < len(tasks) else []
        case _:
            fits = tasks[-1:]
    return fits[0].event_id if fits else None


def _before(every: Sequence[Step], tasks: Sequence[Step], name: str) -> int | None:
    """Its command was decided by the last workflow task before it."""
    kinds = (step for step in every if step.kind == "activity" and step.name == name)
    begun = next(kinds, None)
    decided = [task.event_id for task in tasks if begun and task.event_id < begun.event_id]
    return decided[-1] if decided else None
