"""Which pending activities of which run are meant, and the attempts of one."""

from dataclasses import dataclass

from django.urls import reverse

from console.gateway import activities, workflows
from console.gateway.activities import AttemptPage, Which
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import ActivityOptions, PendingActivity, RunDetail, RunKey, failing_first
from console.ui import words
from console.ui.refusals import Refusal

#: what an address calls all of the run
ALL = "activities"
RUNS_NOW = frozenset({"started", "cancel_requested", "pause_requested"})


@dataclass(frozen=True, slots=True)
class Target:
    """One activity by its id, all of a type, or all of the run, what fails first; at least one is
    there."""

    run: RunDetail
    by: str
    called: str
    activities: tuple[PendingActivity, ...]

    @property
    def key(self) -> RunKey:
        return self.run.summary.key

    @property
    def which(self) -> Which:
        names = {"id": Which(id=self.called), "type": Which(type=self.called)}
        return names.get(self.by, Which())

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(sorted({one.type for one in self.activities}))

    @property
    def is_of_run(self) -> bool:
        return self.by == "all"

    @property
    def is_one(self) -> bool:
        return self.by == "id"

    @property
    def now(self) -> list[PendingActivity]:
        """Those of which an attempt runs: the only ones that can be failed."""
        return [one for one in self.activities if is_running(one)]

    @property
    def first(self) -> PendingActivity:
        return self.activities[0]

    @property
    def label(self) -> str:
        if self.is_one:
            return f"{self.first.type} {self.first.id}"
        count = len(self.activities)
        if self.is_of_run:
            return f"all {words.plural(count, 'pending activity', 'pending activities')}"
        return f"{words.plural(count, 'activity', 'activities')} {self.called}"

    @property
    def options(self) -> list[ActivityOptions]:
        """Of each that tells them."""
        return [one.options for one in self.activities if one.options]

    @property
    def url(self) -> str:
        return self.page("pending")

    def page(self, view: str) -> str:
        at = (self.key.namespace, self.key.workflow_id, self.key.run_id, self.by, self.called)
        return reverse(f"activities:{view}", args=at)


def target(key: RunKey, by: str, called: str) -> Target:
    if by not in {"id", "type"} and (by, called) != ("all", ALL):
        raise Refusal(404, "Activities are named by id, by type, or all together.")
    run = described(key)
    found = tuple(failing_first([one for one in run.activities if _is_meant(one, by, called)]))
    if not found and by == "all":
        raise Refusal(404, "Nothing of this run is pending. Nothing was done.")
    if not found:
        raise Refusal(
            404,
            f"No pending activity of this run has the {by} {called}: it has ended, or never was."
            " Nothing was done.",
        )
    return Target(run, by, called, found)


def _is_meant(activity: PendingActivity, by: str, called: str) -> bool:
    return by == "all" or called == (activity.id if by == "id" else activity.type)


def described(key: RunKey) -> RunDetail:
    try:
        return workflows.describe(key)
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID}:
            says = f"There is no such run of {key.workflow_id} in {key.namespace}."
            raise Refusal(404, says, error.detail) from error
        raise


def attempts_of(it: Target, token: str) -> AttemptPage | None:
    """An activity that ended a moment ago has none to show."""
    try:
        return activities.attempts(it.key, activity_id=it.first.id, token=token)
    except GatewayError as error:
        if error.trouble is Trouble.NOT_FOUND:
            return AttemptPage((), "")
        raise


def attempts_at(key: RunKey, event_id: int, token: str) -> AttemptPage | None:
    try:
        return activities.attempts(key, event_id=event_id, token=token)
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID}:
            raise Refusal(
                404, f"There is no such run of {key.workflow_id}.", error.detail
            ) from error
        raise


def is_running(activity: PendingActivity) -> bool:
    return activity.state in RUNS_NOW
