"""One chunk of the list, carried through by many hands.

    list ──take──▶ taken ──at its pace──▶ hands ──came──▶ concluded, many at once
                     └──── stopped: given back

The thread of the activity alone touches the database; the hands only talk to the engine. There are
few of them, and what they ask goes in small bundles: others who ask the engine wait behind a few
acts and never behind hundreds.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from time import monotonic

from django.utils import timezone

from console.bulk import acting, orders, outcomes, rounds, verbs
from console.bulk.models import BulkOperation, State
from console.bulk.orders import ChunkDone, ChunkOrder
from console.bulk.outcomes import Claimed, Outcome
from console.gateway import channel
from console.gateway.bundles import Bundle
from console.gateway.deeds import Order, Turn
from console.gateway.runs import RunKey

HANDS = 48
#: So much is handed out before it can be done, for no hand to wait while outcomes are written.
HANDED_OUT_MAX = 2 * HANDS
TAKEN_AT_ONCE = 200
#: How long an outcome may wait for others, to be written with them.
WRITTEN_AFTER_SECONDS = 0.25
BEAT_SECONDS = 1.0
#: After a standstill the rate is exceeded no longer than it takes to make up for so much.
CATCHES_UP_SECONDS = 0.1


class Chunk:
    def __init__(
        self, operation: BulkOperation, order: ChunkOrder, claimant: str, beat: Callable[[], bool]
    ) -> None:
        """`beat` tells that it lives, and hears whether it is to go on."""
        self._operation = operation
        self._order = order
        self._claimant = claimant
        self._beat = beat
        self._deed = verbs.named(operation.verb)
        self._asked = Order(
            rounds.actor(operation),
            f"{operation.reason} ({operation})",
            operation.told,
            operation.started_at,
            rounds.actors_before(operation),
        )
        self._bundle = Bundle()
        self._came: SimpleQueue[tuple[Claimed, Outcome]] = SimpleQueue()
        self._unwritten: list[tuple[Claimed, Outcome]] = []
        self._taken: deque[Claimed] = deque()
        self._next = order.first
        self._begun = self._ended = self._concluded = self._failed = 0
        self._newest: deque[bool] = deque(order.newest, orders.ERRORS_OF)
        self._goes_on = True
        self._due = self._written = self._beaten = monotonic()

    def carry(self) -> ChunkDone:
        with ThreadPoolExecutor(HANDS, thread_name_prefix="bulk-hand") as hands:
            while self._is_under_way():
                self._hand_out(hands)
                self._wait()
                self._look_around()
                if monotonic() - self._written >= WRITTEN_AFTER_SECONDS:
                    self._write()
        self._write()
        if self._taken:
            outcomes.give_back(self._taken, self._claimant)
        return ChunkDone(
            self._concluded,
            self._failed,
            outcomes.next_position(self._operation, self._order.first - 1),
            list(self._newest),
        )

    def _is_under_way(self) -> bool:
        return self._begun > self._ended or (self._goes_on and self._has_more())

    def _has_more(self) -> bool:
        while not self._taken and self._next <= self._order.last:
            first, self._next = self._next, self._next + self._slice()
            last = min(self._next - 1, self._order.last)
            self._taken.extend(outcomes.take(self._operation.pk, first, last, self._claimant))
        return bool(self._taken)

    def _slice(self) -> int:
        """No more than are begun within a second, so that little is claimed for nothing."""
        return max(1, min(TAKEN_AT_ONCE, self._order.rate))

    def _hand_out(self, hands: ThreadPoolExecutor) -> None:
        while (
            self._goes_on
            and self._begun - self._ended < HANDED_OUT_MAX
            and self._due <= monotonic()
            and self._has_more()
        ):
            target = self._taken.popleft()
            self._begun += 1
            self._due = max(self._due + 1 / self._order.rate, monotonic() - CATCHES_UP_SECONDS)
            hands.submit(self._one, target)

    def _one(self, target: Claimed) -> None:
        """In a hand's thread."""
        key = RunKey(self._operation.namespace, target.workflow_id, target.run_id)
        turn = Turn(key, self._operation.request_id(target.id), again=target.tries > 1)
        try:
            with channel.carried_by(self._bundle):
                outcome = acting.act(self._deed, self._asked, turn)
        except Exception as fault:  # noqa: BLE001  a fault of one target is its outcome
            outcome = Outcome(State.FAILED, f"The console had a fault: {fault!r}")
        self._came.put((target, outcome))

    def _wait(self) -> None:
        """Until an outcome comes, or the next target is due, or a beat is."""
        now = monotonic()
        seconds = self._written + WRITTEN_AFTER_SECONDS - now
        if self._goes_on and self._begun - self._ended < HANDED_OUT_MAX:
            seconds = min(seconds, self._due - now)
        try:
            self._end(self._came.get(timeout=max(seconds, 0.0)))
            while True:
                self._end(self._came.get_nowait())
        except Empty:
            return

    def _end(self, came: tuple[Claimed, Outcome]) -> None:
        self._ended += 1
        self._unwritten.append(came)
        self._newest.append(came[1].state is State.FAILED)

    def _look_around(self) -> None:
        if monotonic() - self._beaten >= BEAT_SECONDS:
            self._beaten = monotonic()
            self._goes_on = self._goes_on and self._beat()
        if len(self._newest) >= orders.ERRORS_JUDGED_FROM and orders.too_many_fail(
            self._newest, self._order.errors_percent_max
        ):
            self._goes_on = False

    def _write(self) -> None:
        self._written = monotonic()
        if not self._unwritten:
            return
        held = outcomes.conclude(
            self._unwritten, self._claimant, timezone.now(), self._operation.round
        )
        self._unwritten = []
        self._concluded += len(held)
        self._failed += sum(outcome.state is State.FAILED for _, outcome in held)
