"""Gateway dataclasses -> template rows; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.activities.looking import Target, is_running
from console.gateway.runs import PendingActivity
from console.offering import options
from console.offering.act_keys import KEYS
from console.ui.htmx import version_of
from console.ui.pages import numbered

CANNOT_FAIL = (
    "It cannot be failed by hand now: the server takes a failure only for an attempt that runs, and"
    " none does. Pause it, complete it, or wait for the next attempt."
)
NONE_RUNS = (
    "None of them can be failed by hand now: the server takes a failure only for an attempt that"
    " runs, and none does."
)


#: types of activities that one pause of all of a run takes
PAUSED_TYPES_MAX = 50
#: that are completed or failed by hand at once: each is a call while somebody waits
ENDED_MAX = 200


@dataclass(frozen=True, slots=True)
class Act:
    name: str
    word: str
    url: str
    main: bool = False
    danger: bool = False

    @property
    def right(self) -> str:
        return "activity.change" if self.name == "options" else f"activity.{self.name}"

    @property
    def key(self) -> str:
        return KEYS[self.name]


def acts(it: Target) -> list[Act]:
    """What is possible now; the server itself has the last word."""
    some = it.activities
    waits = any(not one.paused and not is_running(one) for one in some)
    paused = any(one.paused for one in some)
    names = [
        ("try", "Try now…", waits),
        ("resume", "Resume…", paused),
        ("pause", "Pause…", any(not one.paused for one in some)),
        ("options", "Change options…", it.first.options is not None),
        ("complete", "Complete by hand…", not cannot_end(it, len(some))),
        ("fail", "Fail by hand…", not cannot_fail(it)),
    ]
    possible = [(name, word) for name, word, is_possible in names if is_possible]
    return [
        Act(name, word, it.page(name), main=number == 0, danger=name == "fail")
        for number, (name, word) in enumerate(possible)
    ]


def not_possible(it: Target) -> list[str]:
    """Why an act that one may look for is not there."""
    says = []
    says += [why for why in (cannot_end(it, len(it.activities)), cannot_fail(it)) if why]
    if it.first.options is None:
        says.append("This server does not tell an activity's options, so they cannot be changed.")
    return list(dict.fromkeys(says))


def cannot_end(it: Target, many: int) -> str:
    if many > ENDED_MAX:
        return (
            f"These are {many:,}, and {ENDED_MAX} are the most that are completed or failed by hand"
            " at once. A bulk operation takes any number of one type."
        )
    return ""


def cannot_fail(it: Target) -> str:
    if it.now:
        return cannot_end(it, len(it.now))
    return CANNOT_FAIL if it.is_one else NONE_RUNS


def ends(it: Target, many: int) -> str:
    """What is said beside the act on several."""
    left = len(it.activities) - many
    if many < 2 and not left:
        return ""
    rest = " The rest waits for an attempt, and is left as it is." if left else ""
    return f"They are {many:,}, one after the other; what ends meanwhile is left.{rest}"


def cannot_pause(it: Target) -> str:
    """Each type is a call while somebody waits."""
    if it.is_of_run and len(it.types) > PAUSED_TYPES_MAX:
        return (
            f"The protocol pauses by type, and these are of {len(it.types)}; {PAUSED_TYPES_MAX} are"
            " the most at once. Pause them by their types, or by a bulk operation of one type."
        )
    return ""


def pauses_by_type(it: Target) -> str:
    if not it.is_of_run or len(it.types) == 1:
        return ""
    return (
        f"The protocol pauses by type, so this is {len(it.types)} calls, one for each; what the"
        " workflow schedules afterwards is not paused."
    )


def state_of(activity: PendingActivity) -> tuple[str, str]:
    """(shape, word)."""
    if activity.paused:
        return "paused", "Pause asked for" if is_running(activity) else "Paused"
    if activity.state == "cancel_requested":
        return "canceled", "Cancellation asked for"
    if activity.failing:
        return "retrying", "Tries again" if is_running(activity) else "Waits to retry"
    return "running", "Runs" if is_running(activity) else "Waits for a worker"


def told(activity: PendingActivity) -> str:
    """Its state in the words of the activity log."""
    return f"{state_of(activity)[1].lower()}, attempt {activity.attempt}"


def page(it: Target, now: datetime, address: Mapping[str, str]) -> dict[str, Any]:
    shown, pager = numbered(it.activities, address, "page")
    return {
        "it": it,
        "head": it.key,
        "at": now,
        "not_possible": not_possible(it),
        "state": state_of(it.first),
        "options": options.rows(it.first.options),
        "rows": [(one, state_of(one)) for one in shown],
        "pager": pager,
        "failing": sum(one.failing for one in it.activities),
    }


def version(it: Target) -> str:
    return version_of(it.activities, it.run.summary.status)
