"""A standalone activity told as a story, and one that chance tells."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import Link, Payloads, Priority
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import ActivityTaskScheduledEventAttributes

from engine.core import inputs
from engine.core.inputs import ActivityTarget, Which
from engine.core.keys import activity_run
from engine.core.state import Activity, Standalone
from engine.core.step import Step
from engine.core.transitions.standalone import parts
from engine.errors import EngineError
from tests.support.commands import retries, seconds
from tests.support.stored import Stored
from tests.support.story import application_failure, word

ID = "charge"
SCHEDULED = 2


class Alone(Stored):
    """Ten seconds from start to close, and tries a second apart, unless it is given others."""

    workflow_id = activity_run("", ID).workflow_id

    def __init__(self, *, delay: float = 0, **given: Any) -> None:
        super().__init__(first_workflow_task_backoff=seconds(delay))
        given.setdefault("retry_policy", retries(1))
        if not any(name.endswith("_close_timeout") for name in given):
            given["start_to_close_timeout"] = seconds(10)
        self.scheduled = ActivityTaskScheduledEventAttributes(activity_id=ID, **given)
        self.scheduled.activity_type.name = "Charge"
        self.scheduled.task_queue.name = "orders"

    @property
    def activity(self) -> Activity:
        return parts(self.state)[1]

    @property
    def standalone(self) -> Standalone:
        return parts(self.state)[2]

    def begin(self) -> Alone:
        self.start(activity=self.scheduled)
        return self

    def target(self, *, by_id: bool = False) -> ActivityTarget:
        if by_id:
            return ActivityTarget(activity_id=ID)
        return ActivityTarget(
            scheduled_event_id=SCHEDULED,
            attempt=self.activity.attempt,
            started_at=self.activity.started_at,
        )

    def take(self, request_id: str = "poll") -> Step:
        return self.give(
            inputs.StartActivity(
                at=self.at,
                scheduled_event_id=SCHEDULED,
                attempt=self.activity.attempt,
                request_id=request_id,
                identity="worker",
            )
        )

    def complete(self, target: ActivityTarget | None = None, *, by_id: bool = False) -> Step:
        meant = target or self.target(by_id=by_id)
        return self.give(
            inputs.CompleteActivity(at=self.at, target=meant, result=word("2"), identity="worker")
        )

    def fail(self, failure: Failure | None = None, beat: Payloads | None = None) -> Step:
        return self.give(
            inputs.FailActivity(
                at=self.at,
                target=self.target(),
                failure=failure or application_failure("no"),
                heartbeat=beat,
            )
        )

    def say(self, details: str = "half") -> Step:
        given = inputs.Heartbeat(at=self.at, target=self.target(), details=word(details))
        return self.give(given)

    def report_canceled(self) -> Step:
        given = inputs.CancelActivity(at=self.at, target=self.target(), details=word("3"))
        return self.give(given)

    def cancel(self, request_id: str = "c") -> Step:
        return self.give(
            inputs.RequestCancel(
                at=self.at, cause="enough", identity="alice", request_id=request_id
            )
        )

    def end(self, request_id: str = "t") -> Step:
        return self.give(
            inputs.Terminate(at=self.at, reason="enough", identity="alice", request_id=request_id)
        )

    def pause(self, request_id: str = "p") -> Step:
        which = Which(activity_id=ID)
        return self.give(inputs.PauseActivities(at=self.at, which=which, request_id=request_id))

    def renew(self, *, resets: bool = False, **given: Any) -> Step:
        which = Which(activity_id=ID)
        return self.give(inputs.RenewActivities(at=self.at, which=which, resets=resets, **given))

    def change(self, options: ActivityOptions | None, *paths: str) -> Step:
        which = Which(activity_id=ID)
        return self.give(
            inputs.ChangeActivities(at=self.at, which=which, options=options, paths=paths)
        )


class ChanceAlone:
    """Callers, workers and operators of one activity, as the dice say."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.made = 0
        given: dict[str, Any] = {"retry_policy": retries(2, attempts=self.dice.choice((0, 0, 3)))}
        for name, times in (
            ("schedule_to_start_timeout", (0, 0, 20)),
            ("schedule_to_close_timeout", (0, 0, 90)),
            ("start_to_close_timeout", (10, 30)),
            ("heartbeat_timeout", (0, 5)),
        ):
            given[name] = seconds(self.dice.choice(times))
        self.story = Alone(delay=self.dice.choice((0, 0, 15)), **given).begin()

    def maybe(self, share: float) -> bool:
        return self.dice.random() < share

    def name(self) -> str:
        self.made += 1
        return f"n{self.made}"

    def play(self, turns: int, after: Callable[[], None] | None = None) -> None:
        moves = (self.work, self.work, self.work, self.ask, self.steer, self.steer, self.time)
        for _ in range(turns):
            self.story.later(self.dice.choice((0, 0.1, 1, 3, 8, 20)))
            try:
                self.dice.choice(moves)()
            except EngineError:
                # A refusal changes nothing: that is part of what is tested.
                continue
            if after is not None:
                after()

    def time(self) -> None:
        self.story.wake()

    def work(self) -> None:
        story, how = self.story, self.dice.random()
        if not story.activity.started_at:
            if how < 0.03:
                story.complete(by_id=True)
            else:
                story.take(self.name())
        elif how < 0.1:
            story.complete()
        elif how < 0.5:
            final = self.maybe(0.1)
            beat = word("last") if self.maybe(0.3) else None
            story.fail(application_failure("no", final=final), beat)
        elif how < 0.6:
            story.report_canceled()
        else:
            story.say(self.dice.choice(("1", "2")))

    def ask(self) -> None:
        how, story = self.dice.random(), self.story
        if how < 0.1:
            story.end(self.dice.choice(("t", self.name())))
        elif how < 0.3:
            story.cancel(self.dice.choice(("c", self.name())))
        elif how < 0.5:
            story.give(inputs.Attach(at=story.at, links=(Link(),)))
        elif how < 0.6:
            story.signal()

    def steer(self) -> None:
        how, story = self.dice.randrange(4), self.story
        if how == 0:
            story.pause(self.dice.choice(("p", self.name())))
        elif how == 1:
            self.change()
        else:
            story.renew(
                resets=how == 2,
                forgets_beat=self.maybe(0.5),
                keeps_paused=self.maybe(0.5),
                restores_options=self.maybe(0.5),
                jitter_ns=self.dice.choice((0, 5 * 10**9)),
                seed=self.name(),
            )

    def change(self) -> None:
        options = ActivityOptions(
            start_to_close_timeout=seconds(self.dice.choice((5, 25))),
            start_delay=seconds(self.dice.choice((0, 30))),
            priority=Priority(priority_key=self.dice.choice((1, 5))),
            retry_policy=retries(self.dice.choice((1, 9))),
        )
        paths = self.dice.choice(
            (("start_to_close_timeout",), ("start_delay",), ("priority", "retry_policy"))
        )
        self.story.change(self.dice.choice((options, options, None)), *paths)
