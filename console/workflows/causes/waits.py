"""What a run waits for when its own code and its activities are well. Pure."""

from dataclasses import replace

from console.gateway import events as gateway
from console.ui import words
from console.workflows.causes.code import BACKLOG_AFTER
from console.workflows.causes.facts import Facts, alive
from console.workflows.causes.standing import STUCK, WAITS, Standing
from console.workflows.groups import Group

#: nothing is claimed of a run of which a part was not read
IS_READ = Standing(
    "", "running", WAITS, "Its history is being read", "; what it waits for is not known yet."
)


def has_not_begun(facts: Facts) -> Standing | None:
    summary = facts.run.summary
    if facts.run.task or summary.execution_at is None or summary.execution_at <= facts.now:
        return None
    if any(group.category == "task" for group in facts.groups):
        return None
    cause, why = _delayed_by(facts)
    says = f": {why}. Its code begins "
    return Standing(
        cause, "running", WAITS, "It has not begun", says, summary.execution_at, after="."
    )


def _delayed_by(facts: Facts) -> tuple[str, str]:
    first = facts.first
    cron = gateway.text(first, "cron_schedule") if first else ""
    if first is not None and gateway.attempt(first) > 1:
        return "retry-wait", f"attempt {gateway.attempt(first)} of a run that failed before"
    if cron:
        return "cron-wait", f"its cron schedule is {cron}"
    return "start-delay", "it was started with a delay"


def is_paused(facts: Facts) -> Standing | None:
    if not facts.run.summary.is_paused:
        return None
    told = facts.run.pause
    at = f" at {words.clock(told.at)}" if told and told.at else ""
    because = f": “{told.reason}”" if told and told.reason else ""
    says = (
        f" paused this run{at}{because}. What comes stands in its history, and no worker is given"
        " anything of it until somebody resumes it."
    )
    who = told.who if told and told.who else "Somebody"
    return Standing("run-paused", "paused", STUCK, who, says)


def child_is_stuck(facts: Facts) -> Standing | None:
    child = facts.child
    if child is None or not child.standing.in_trouble:
        return None
    found = child.standing
    says = f" {child.key.workflow_id} is stuck: {found.subject}{found.says}"
    return Standing(
        "child-stuck",
        found.tone,
        STUCK,
        "Its child",
        says,
        next_at=found.next_at,
        after=found.after,
        failure=found.failure,
        workers=found.workers,
        of=found.of or child.key,
    )


def message_is_under_way(facts: Facts) -> Standing | None:
    """The engine hands on what a run tells another in no time, or it cannot reach it."""
    one = next(iter(_messages(facts)), None)
    if one is None or facts.now - one.head.at < BACKLOG_AFTER:
        return None
    what = message(one)
    says = (
        f" has not arrived, sent at {words.clock(one.head.at)}: the engine does not reach that"
        " run, and tries again by itself."
    )
    return Standing("message-under-way", "starving", STUCK, f"{what[0].upper()}{what[1:]}", says)


def _messages(facts: Facts) -> list[Group]:
    return [*facts.open("external"), *facts.open("external-cancel")]


def message(group: Group) -> str:
    to = gateway.text(group.head, "workflow_execution.workflow_id")
    what = f"signal {group.name}" if group.category == "external" else "cancellation"
    return f"the {what} to {to}"


def ignores_cancel(facts: Facts) -> Standing | None:
    """A worker that is at it may still obey."""
    if not facts.run.cancel_requested or facts.run.task is not None:
        return None
    asked = next((one for one in facts.groups if one.outcome == "cancel-requested"), None)
    at = f" at {words.clock(asked.head.at)}" if asked else ""
    open_ones = _waited_for(facts)
    more = f" It waits for {words.join(open_ones)}." if open_ones else ""
    says = f" was asked to cancel{at} and goes on: its code has not acted on it.{more}"
    return Standing("cancel-not-acted-on", "retrying", STUCK, "It", says)


def for_children(facts: Facts) -> Standing | None:
    child = facts.child
    if child is None:
        return None
    others = f" and {child.others} more" if child.others else ""
    timers = " and a timer" if facts.open("timer") else ""
    found = child.standing
    says = f" the child workflow {child.key.workflow_id}{others}{timers}."
    after = f"{found.subject}{found.says}"
    return Standing(
        "waits-for-child",
        "running",
        WAITS,
        "It waits for",
        f"{says} There: {after}",
        next_at=found.next_at,
        after=found.after,
        of=found.of or child.key,
    )


def for_something(facts: Facts) -> Standing | None:
    parts = _waited_for(facts)
    fires = [one.fires_at for one in facts.open("timer") if one.fires_at]
    if fires:
        says = f" {words.join(parts)}; the next timer fires "
        return Standing(
            "waits-for-timer", "running", WAITS, "It waits for", says, min(fires), after="."
        )
    if facts.run.children:
        says = f" {words.join(parts)}."
        return Standing("waits-for-child", "running", WAITS, "It waits for", says)
    if _messages(facts):
        says = f" {words.join(parts)}."
        return Standing("message-under-way", "running", WAITS, "It waits for", says)
    if facts.run.task is not None:
        return Standing("runs-now", "running", "Running", "A worker", " runs its code now.")
    updates = [one for one in facts.open("update") if one.head.step != "admitted"]
    if updates:
        since = words.clock(updates[0].head.at)
        says = (
            f" the end of the update {updates[0].name}, accepted at {since}. Nothing else is open."
        )
        return Standing("update-unfinished", "running", WAITS, "It waits for", says)
    return None


def _waited_for(facts: Facts) -> list[str]:
    parts = []
    if facts.run.children:
        first = facts.run.children[0].workflow_id
        more = f" and {len(facts.run.children) - 1} more" if facts.run.children[1:] else ""
        parts.append(f"the child workflow {first}{more}")
    if facts.open("timer"):
        parts.append("a timer")
    if messages := _messages(facts):
        parts.append(f"the arrival of {message(messages[0])}")
    return parts


def to_be_told(facts: Facts) -> Standing:
    handlers, queue = facts.handlers, facts.queue
    if handlers is not None and not handlers.takes_any:
        says = " is pending, and its code takes no signal and no update: nothing can wake it."
        return Standing("lost", "starving", STUCK, "Nothing", says)
    deaf = queue is not None and not alive(queue.workflow, facts.now)
    nobody = (
        f" Nobody polls {queue.name} now, so it would not hear it yet." if queue and deaf else ""
    )
    named = (
        _named(handlers.signals, "signal") + _named(handlers.updates, "update") if handlers else []
    )
    says = f": {words.either(named)}." if named else ": a signal or an update."
    return Standing("waits-to-be-told", "running", WAITS, "It waits to be told", says, after=nobody)


def after_lost_message(facts: Facts, told: Standing) -> Standing:
    """Where the last that it did was to tell another run, which did not hear it."""
    last = next((group for group in reversed(facts.groups) if group.category != "task"), None)
    if last is None or last.outcome != "failed" or not last.category.startswith("external"):
        return told
    assert last.closing is not None, "it has failed"
    what, why = message(last), gateway.undelivered_because(last.closing)
    says = f" did not arrive at {words.clock(last.closing.at)}: {why}. {told.subject}{told.says}"
    subject = f"{what[0].upper()}{what[1:]}"
    return replace(told, cause="message-not-delivered", subject=subject, says=says)


NAMES_MAX = 5


def _named(names: tuple[str, ...], kind: str) -> list[str]:
    if not names or "" in names:
        return [f"any {kind}"] if names else []
    more = f" and {len(names) - NAMES_MAX} more" if names[NAMES_MAX:] else ""
    plural = f"{kind}s" if names[1:] else kind
    return [f"the {plural} {', '.join(names[:NAMES_MAX])}{more}"]
