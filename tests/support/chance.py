"""Random but valid callers, workers and neighbours of a run: what a property is held against."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Memo, Payload, RetryPolicy, SearchAttributes
from temporalio.api.enums.v1 import WorkerVersioningMode
from temporalio.api.rules.v1 import WorkflowRule, WorkflowRuleAction, WorkflowRuleSpec
from temporalio.api.update.v1 import Request

from engine.core import inputs, rules
from engine.core.inputs import ResetInto
from engine.core.limits import Limits
from engine.core.versioning import pin_of
from engine.errors import EngineError
from tests.support import neighbours
from tests.support import story as tell
from tests.support.commands import command, seconds, signal_external
from tests.support.interventions import (
    change,
    override,
    pause,
    pause_run,
    renew,
    resume_run,
)
from tests.support.stored import Stored

NEXT_RUN_ID = "00000000-0000-4000-8000-{:012d}"
#: It concerns about every second activity of those that fail.
RULE = WorkflowRule(
    spec=WorkflowRuleSpec(
        id="every second",
        activity_start=WorkflowRuleSpec.ActivityStartingTrigger(
            predicate="Attempts >= 2 AND ActivityId >= 'n5' OR Attempts = 1 AND ActivityId < 'n2'"
        ),
        actions=[WorkflowRuleAction(activity_pause=WorkflowRuleAction.ActionActivityPause())],
    )
).SerializeToString()
VERSIONED = WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED


ENDINGS: tuple[Callable[[], Command], ...] = (
    tell.complete_run,
    tell.fail_run,
    tell.continue_as_new,
    lambda: command("cancel_workflow_execution", details=tell.word("4")),
)


class Chance:
    """`dying`: how often the process dies between a step and its commit. `pausing`: how often an
    operator pauses the run after a turn, or lets it go on; for half of those runs there is a rule
    as well that pauses what has failed."""

    def __init__(self, seed: int, dying: float = 0.0, pausing: float = 0.0) -> None:
        self.dice = random.Random(seed)
        deaths, operator = random.Random(seed), random.Random(seed)
        self.dies = lambda: deaths.random() < dying
        self.pauses = lambda: operator.random() < pausing
        self.rules = [rules.compiled(RULE)] if pausing and operator.random() < 0.5 else []
        self.made = 0
        self.asked_of_others: list[int] = []
        self.asked_of_handlers: list[int] = []
        self.limits = Limits(buffered_events_max=self.dice.choice((2, 100)))
        self.story = Stored(limits=self.limits, **self.beginning())
        self.story.dies, self.story.rules = self.dies, self.rules
        self.start()

    # -- the beginning

    def beginning(self) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if self.maybe(0.1):
            given["first_workflow_task_backoff"] = seconds(self.dice.choice((5, 60)))
        if self.maybe(0.1):
            given["workflow_run_timeout"] = seconds(self.dice.choice((30, 300)))
        if self.maybe(0.1):
            given["workflow_execution_timeout"] = seconds(400)
        if self.maybe(0.1):
            given["retry_policy"] = RetryPolicy(initial_interval=seconds(1))
        if self.maybe(0.05):
            given["cron_schedule"] = "* * * * *"
        if self.maybe(0.2):
            given["memo"] = Memo(fields={"plan": neighbours.shown_as("old")})
            given["search_attributes"] = SearchAttributes(
                indexed_fields={"Plan": neighbours.shown_as("old")}
            )
        return given

    def start(self) -> None:
        given: dict[str, Any] = {}
        if self.maybe(0.2):
            given["signal"] = inputs.Signal(
                at=self.story.at, name="first", input=tell.word("1"), request_id="a"
            )
        if self.maybe(0.2):
            given["update"] = Request()
            given["update"].meta.update_id = "u"
        if self.maybe(0.2) and "first_workflow_task_backoff" not in given:
            given["eager_identity"] = "worker"
        self.story.start(**given)

    # -- a turn

    def maybe(self, share: float) -> bool:
        return self.dice.random() < share

    def name(self) -> str:
        self.made += 1
        return f"n{self.made}"

    def play(self, turns: int, after: Callable[[], None] | None = None) -> None:
        moves = (
            self.ask, self.work, self.work, self.work, self.activities, self.others,
            self.handlers, self.time,
        )  # fmt: skip
        for _ in range(turns):
            self.story.later(self.dice.choice((0, 0.1, 1, 3, 12, 40)))
            move = self.dice.choice(moves)
            for act in (move, partial(_hold_or_let_go, self)) if self.pauses() else (move,):
                try:
                    act()
                except EngineError:
                    # A refusal changes nothing: that is part of what is tested.
                    continue
                if after is not None:
                    after()

    def time(self) -> None:
        self.story.wake()
        # Seldom, and not for long: most of what happens to a run happens while it goes on.
        if self.story.state.pause is not None or self.maybe(0.1):
            _hold_or_let_go(self)

    def ask(self) -> None:
        told = self.dice.random()
        if told < 0.4:
            self.story.signal(request_id=self.dice.choice(("", "a", "b", self.name())))
        elif told < 0.75:
            waits = self.dice.choice(("", "", "x", self.name()))
            self.story.update(self.dice.choice(("u", "v", self.name())), waits)
        elif told < 0.85:
            neighbours.attach(self.story, self.dice.choice(("", "x", self.name())))
        elif told < 0.88:
            override(self.story, self.dice.choice(("", "auto", "one", "two")))
        elif told < 0.94:
            neighbours.request_cancel(self.story, self.dice.choice(("", "c")))
        elif told < 0.97:
            neighbours.clear_sticky(self.story)
        elif told < 0.985:
            self.reset()
        else:
            self.story.terminate()

    def reset(self) -> None:
        """The story goes on as another run, made from this one's history."""
        base = self.story
        events = [tell.HistoryEvent.FromString(row) for row in base.rows]
        cuts = neighbours.cuts(events)
        if not cuts or base.snapshot:
            return
        if base.state.is_running:
            base.terminate()
        run_id = NEXT_RUN_ID.format(self.dice.randrange(10**9))
        base.give(ResetInto(at=base.at, run_id=run_id))
        if self.maybe(0.2):
            return
        self.story = Stored(run_id, limits=self.limits)
        self.story.dies, self.story.rules = self.dies, self.rules
        self.story.at = base.at
        kept = self.dice.choice(cuts)
        neighbours.begin_again(self.story, events, kept, base.state.key.run_id)

    # -- the worker

    def work(self) -> None:
        task = self.story.state.task
        if task is None:
            return
        if not task.is_started:
            targets = (None, "shop:1", "shop:2") if pin_of(self.story.state) else (None,)
            self.story.take_task(request_id=self.name(), target=self.dice.choice(targets))
        elif self.maybe(0.12):
            self.story.fail_task()
        else:
            messages = self.messages()
            said = [command("protocol_message", message_id=each.id) for each in messages]
            commands = [*(said if self.maybe(0.5) else ()), *self.commands()]
            self.story.finish_task(*commands, messages=messages, **self.answer_options())

    def answer_options(self) -> dict[str, Any]:
        given: dict[str, Any] = {
            "force_create_new_workflow_task": self.maybe(0.1),
            "return_new_workflow_task": self.maybe(0.2),
        }
        if self.maybe(0.5):
            given["sticky_attributes"] = tell.sticky("mine", self.dice.choice((2, 5)))
        if self.maybe(0.2):
            given["deployment_options"] = {
                "deployment_name": "shop",
                "build_id": self.dice.choice(("1", "2")),
                "worker_versioning_mode": VERSIONED,
            }
            given["versioning_behavior"] = self.dice.choice((1, 2))
        if self.maybe(0.5):
            given["capabilities"] = {"discard_speculative_workflow_task_with_events": True}
        return given

    def commands(self) -> list[Command]:
        chosen = [self.dice.choice(self.offered())() for _ in range(self.dice.randrange(4))]
        if self.maybe(0.04):
            chosen.append(self.dice.choice(ENDINGS)())
        return chosen

    def offered(self) -> list[Callable[[], Command]]:
        state, dice = self.story.state, self.dice
        offered: list[Callable[[], Command]] = [
            lambda: tell.start_timer(self.name(), dice.choice((1, 5, 30))),
            self.activity,
            self.activity,
            lambda: neighbours.operation(dice),
            lambda: tell.start_child(self.name()),
            lambda: signal_external(self.name(), "hello"),
            lambda: command("request_cancel_external_workflow_execution", workflow_id=self.name()),
            lambda: command("record_marker", marker_name="m", details={"d": tell.word("1")}),
            lambda: command(
                "upsert_workflow_search_attributes",
                search_attributes=SearchAttributes(indexed_fields={"Plan": self.value()}),
            ),
            lambda: command(
                "modify_workflow_properties", upserted_memo=Memo(fields={"plan": self.value()})
            ),
        ]
        fired = [each.timer_fired_event_attributes.timer_id for each in state.buffered]
        timers = [*state.timers, *filter(None, fired)]
        if timers:
            offered.append(lambda: tell.cancel_timer(dice.choice(timers)))
        if wanted := [
            event_id for event_id, each in state.operations.items() if each.cancellation is None
        ]:
            offered.append(
                lambda: command(
                    "request_cancel_nexus_operation", scheduled_event_id=dice.choice(wanted)
                )
            )
        if state.activities:
            offered.append(lambda: tell.cancel_activity(dice.choice(list(state.activities))))
        return offered

    def activity(self) -> Command:
        made = tell.schedule_activity(
            self.name(),
            attempts=self.dice.choice((0, 1, 2)),
            heartbeat=self.dice.choice((0, 5)),
            schedule_to_start=self.dice.choice((0, 0, 20)),
            schedule_to_close=self.dice.choice((0, 0, 50)),
        )
        if self.maybe(0.2):
            attributes = made.schedule_activity_task_command_attributes
            attributes.task_queue.name = "orders"
            attributes.request_eager_execution = True
        return made

    def value(self) -> Payload:
        return self.dice.choice((neighbours.NOTHING, neighbours.shown_as(self.name())))

    def messages(self) -> tuple[tell.Message, ...]:
        said: list[tell.Message] = []
        for update in self.story.state.updates.values():
            if update.completed_event_id or self.maybe(0.1):
                continue
            if update.accepted_event_id:
                said.append(tell.respond(update.update_id))
            elif update.is_sent:
                said.append(self.dice.choice((tell.accept, tell.reject))(update.update_id))
        return tuple(said)

    # -- activities, and those who look after them

    def activities(self) -> None:
        ids = list(self.story.state.activity_ids)
        if not ids:
            return
        activity_id = self.dice.choice(ids)
        activity = self.story.state.activities[self.story.state.activity_ids[activity_id]]
        how = self.dice.random()
        if how < 0.2:
            self.intervene(activity_id)
        elif not activity.started_at:
            self.story.take_activity(activity_id, request_id=self.name())
        elif how < 0.45:
            self.story.complete_activity(activity_id)
        elif how < 0.65:
            final = self.maybe(0.3)
            self.story.fail_activity(tell.application_failure("no", final=final), activity_id)
        elif how < 0.85:
            neighbours.stop_activity(self.story, activity_id)
        else:
            self.story.beat(activity_id)

    def intervene(self, activity_id: str) -> None:
        how = self.dice.randrange(4)
        if how == 0:
            pause(self.story, activity_id)
        elif how == 3:
            change(self.story, self.dice.choice((1, 7)), activity_id)
        else:
            renew(
                self.story,
                activity_id,
                resets=how == 2,
                resets_attempts=self.maybe(0.5),
                forgets_beat=self.maybe(0.5),
                keeps_paused=self.maybe(0.5),
                restores_options=self.maybe(0.5),
                jitter_ns=self.dice.choice((0, 5 * 10**9)),
                seed="dice",
            )

    # -- other runs

    def others(self) -> None:
        """Answers may come twice, and of what has ended."""
        state = self.story.state
        waited_for = [*state.children, *state.signals_out, *state.cancels_out]
        if waited_for:
            self.asked_of_others.append(self.dice.choice(waited_for))
        if not self.asked_of_others:
            return
        event_id = self.dice.choice(self.asked_of_others[-3:])
        what = self.dice.randrange(4)
        if event_id not in state.children:
            neighbours.other_answered(self.story, event_id, self.dice.choice((0, 0, 1)))
        elif what == 0:
            neighbours.child_start_failed(self.story, event_id)
        elif what == 1:
            workflow_id = state.children[event_id].initiated.workflow_id
            how = self.dice.choice(neighbours.ENDS)
            neighbours.child_closed(self.story, event_id, workflow_id, how)
        else:
            neighbours.child_started(self.story, event_id)

    # -- handlers of Nexus operations, and those who wait for the run's end

    def handlers(self) -> None:
        """As with other runs: they may answer twice, and what has ended."""
        state, dice = self.story.state, self.dice
        if not state.is_running and state.completions:
            number = dice.randrange(len(state.completions))
            neighbours.told_of_the_end(self.story, number, in_vain=self.maybe(0.3))
            return
        if state.operations:
            self.asked_of_handlers.append(dice.choice(list(state.operations)))
        if not self.asked_of_handlers:
            return
        event_id = dice.choice(self.asked_of_handlers[-3:])
        how = dice.randrange(6)
        if how == 0:
            neighbours.operation_started(self.story, event_id)
        elif how == 1:
            request_id = neighbours.request_of(state, event_id) if self.maybe(0.5) else ""
            end = dice.choice(("completed", "failed", "canceled"))
            neighbours.operation_ended(self.story, event_id, end, request_id)
        elif how == 2:
            neighbours.operation_cancel_taken(self.story, event_id)
        else:
            neighbours.operation_faltered(
                self.story, event_id, of_cancellation=how == 3, is_final=self.maybe(0.2)
            )


def _hold_or_let_go(chance: Chance) -> None:
    if chance.story.state.pause is not None:
        resume_run(chance.story)
    else:
        pause_run(chance.story, chance.name())
