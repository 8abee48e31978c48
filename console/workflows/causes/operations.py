"""Nexus operations: what is asked of a handler, perhaps in another namespace. Pure."""

from console.gateway.runs import PendingOperation
from console.ui import words
from console.workflows.causes.facts import Facts
from console.workflows.causes.standing import STUCK, WAITS, Standing


def fail(facts: Facts) -> Standing | None:
    failing = [one for one in facts.run.operations if one.failing and one.state != "started"]
    if not failing:
        return None
    worst = max(failing, key=lambda one: one.attempt)
    others = words.plural(len(failing) - 1, "other operation fails", "other operations fail")
    more = f" {others} too." if failing[1:] else ""
    is_ahead = worst.next_try_at is not None and worst.next_try_at > facts.now
    now = "; the next try is " if is_ahead else "; its handler is asked again."
    return Standing(
        "operation-fails",
        "retrying",
        STUCK,
        f"The operation {named(worst)}",
        f" does not begin: {worst.because.rstrip('.')}. Attempt {worst.attempt} failed{now}",
        next_at=worst.next_try_at if is_ahead else None,
        after=f" It is tried until its time is over.{more}",
        failure=worst.failure,
        endpoint=worst.endpoint if worst.has_page else "",
    )


def go_on(facts: Facts) -> Standing | None:
    if not facts.run.operations:
        return None
    first = facts.run.operations[0]
    rest = facts.run.operations[1:]
    more = f" and {words.plural(len(rest), 'other')}" if rest else ""
    since = f" since {words.clock(first.scheduled_at)}" if first.scheduled_at else ""
    what = "the end of" if first.state == "started" else "the start of"
    says = f" {what} the operation {named(first)}{more},{since} with its handler."
    return Standing("waits-for-operation", "running", WAITS, "It waits for", says)


def named(one: PendingOperation) -> str:
    return f"{one.service}/{one.name} at {one.endpoint}"
