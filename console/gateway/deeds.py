"""A deed: what may be done to each run of a frozen list.

Whoever carries a list through may be killed between the act and the note of it, and then begins the
same turn again: so a deed carries its request id to the server, or finds its own trace there.
A capability has its deeds in a tuple that BULK_DEEDS of the settings names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from console.gateway.runs import RunKey

#: Between the clock that says since when and the server's.
CLOCKS_APART_MAX = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Order:
    """The same for every run of the list. `told` is what the deed's own form took, as JSON."""

    who: str
    reason: str
    told: Mapping[str, Any] = field(default_factory=dict)
    #: nothing of this order was done before
    since: datetime | None = None
    #: in whose names earlier tries of it were made
    before: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """Whatever a try of this order left in a history bears one of them."""
        return self.before | {self.who}

    @property
    def earliest(self) -> datetime | None:
        """By the server's clock, nothing of this order was done before."""
        return self.since - CLOCKS_APART_MAX if self.since else None

    def fills(self, turn: "Turn") -> Mapping[str, str]:
        """What the console says by itself in a typed form, of this one run."""
        return {"person": self.who, "reason": self.reason, "audit": turn.request_id}


@dataclass(frozen=True, slots=True)
class Turn:
    """One run's turn. The request id stays the same, whoever tries it and however often."""

    key: RunKey
    request_id: str
    #: an earlier try never said what came of it
    again: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    says: str = ""
    #: the run that goes on instead
    new_run_id: str = ""


class NothingToDo(Exception):
    """The run is not, or no longer, one that this can be done to: it is passed over."""


class Unsuited(Exception):
    """It was tried, and the run said no: it may be tried again. `facts`: what a report counts."""

    def __init__(self, says: str, facts: Mapping[str, str | int] | None = None) -> None:
        super().__init__(says)
        self.facts = facts


def no_trace(_order: Order, _turn: Turn) -> str:
    return ""


def nothing_lacks(_namespace: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Deed:
    name: str
    #: the verb of the one policy that a person needs for it, beside `bulk.run`
    right: str
    label: str
    #: what a run is afterwards
    did: str
    #: its own fields: a Django form, made with what was given and a sample run (or None); it has
    #: `wants_sample`, `offered`, `is_unfinished`, and `told()`, which gives what Order.told will be
    form: type[Any]
    do: Callable[[Order, Turn], Done]
    #: how an earlier try of this turn shows once the run is closed or gone; "" if it does not
    trace: Callable[[Order, Turn], str] = no_trace
    #: why a closed run cannot take it; "" if it can
    closed: str = ""
    #: status -> why a run that stands so cannot take it
    not_when: Mapping[str, str] = field(default_factory=dict)
    #: why the server cannot do it in a namespace; "" if it can
    lacks: Callable[[str], str] = nothing_lacks
    #: it cannot be taken back: the count is typed before it begins
    is_final: bool = False
    #: what is said beside the form
    says: str = ""
    #: heading under which it is offered
    of: str = "Runs"
    #: what its list is of: runs, or a kind of what stands alone
    lists: str = "runs"
    #: False: it only looks, so it needs no canary, and however many say no, it goes on
    changes: bool = True
    #: what outcomes are called where "failed" and "skipped" would be wrong
    words: Mapping[str, str] = field(default_factory=dict)
    #: the facts of an outcome that have a column of their own: name -> heading
    facts: Mapping[str, str] = field(default_factory=dict)
    #: what follows, told of the first runs of the list before it begins, by what the form says so
    #: far: what its page needs
    preview: Callable[[Sequence[RunKey], Mapping[str, Any]], Mapping[str, Any]] | None = None
    #: the fields of the form that change it
    preview_by: tuple[str, ...] = ()
    preview_page: str = ""
    #: those by which the report groups the ones that said no
    alike: tuple[str, ...] = ()
