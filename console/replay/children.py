"""Children that a reset leaves running: where they are, and who may ask them to cancel.

A child may be in another namespace than the run that started it, and what one may do is said of
each. It is asked as the run that was started then or went on from it, so that another run which
has the id by now is left alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from console.access.policy import can, why_not
from console.audit.record import Act
from console.gateway import steering
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.replay.looking import Look
from console.ui import words

VERB = "run.cancel"
NAMED_MAX = 12


@dataclass(frozen=True, slots=True)
class Child:
    namespace: str
    workflow_id: str
    #: the run that was started; empty where it was not yet
    first_run_id: str


@dataclass(frozen=True, slots=True)
class Children:
    """`theirs`: those that the person may ask; `others`: why not the others, a sentence for each
    namespace."""

    theirs: tuple[Child, ...]
    others: tuple[str, ...]


def left_running(it: Look) -> list[Child]:
    steps = it.plan.children_on if it.plan else ()
    return [Child(one.namespace or it.key.namespace, one.name, one.run_id) for one in steps]


def of(person: User, every: Sequence[Child]) -> Children:
    spaces = dict.fromkeys(one.namespace for one in every)
    theirs = {name for name in spaces if can(person, VERB, name)}
    return Children(
        tuple(one for one in every if one.namespace in theirs),
        tuple(
            f"{named(one for one in every if one.namespace == name)}: {why_not(person, VERB, name)}"
            for name in spaces
            if name not in theirs
        ),
    )


def named(some: Iterable[Child]) -> str:
    every = [one.workflow_id for one in some]
    more = len(every) - NAMED_MAX
    return ", ".join(every[:NAMED_MAX]) + (f" and {more:,} more" if more > 0 else "")


def ask_to_cancel(some: Iterable[Child], reason: str, act: Act) -> list[Child]:
    """Those that were asked. Nothing is reset where one of them could not be."""
    asked: list[Child] = []
    for child in some:
        try:
            steering.cancel(
                RunKey(child.namespace, child.workflow_id, ""),
                reason,
                act.identity,
                f"{act.id}/{child.workflow_id}"[:200],
                first_run_id=child.first_run_id,
            )
        except GatewayError as error:
            # One that has ended meanwhile is what was wanted.
            if error.trouble is Trouble.NOT_FOUND:
                continue
            says = f"Nothing was reset: child {child.workflow_id} could not be asked to cancel."
            raise refused_after(asked, error, says) from error
        asked.append(child)
    return asked


def refused_after(asked: Sequence[Child], error: GatewayError, says: str = "") -> GatewayError:
    """The same refusal, with what had been done before it."""
    done = f"{words.plural(len(asked), 'child', 'children')} had been asked to cancel by then"
    told = f"{done}: {named(asked)}." if asked else ""
    return GatewayError(
        error.trouble, " ".join(filter(None, [says, str(error), told])), error.detail
    )
