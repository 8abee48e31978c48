"""`python -m tests.support.dying_chunks`: carries lists through by processes that are killed.

    3 17 6   the list of operation 3; at moments drawn from 17; six are killed, then one is let
    killed 5   the answer: so many died of it, the others had ended before

Each is a fork of this process, which talks to nobody: so one costs no start.
"""

import multiprocessing
import signal
import sys
import threading
from multiprocessing.synchronize import Event
from random import Random
from typing import Any

import django

django.setup()

from console.bulk import outcomes, verbs  # noqa: E402  (Django comes first)
from console.bulk.chunks import Chunk  # noqa: E402
from console.bulk.models import BulkOperation  # noqa: E402
from console.bulk.orders import ChunkOrder  # noqa: E402
from console.bulk.outcomes import Claimed  # noqa: E402

#: From the first claim until after the first outcomes are written; it is not through by then.
MOMENT_SECONDS = (0.0, 0.35)
RATE = 30
#: The server ends what the one that died has asked last. In life a worker is given up after ten.
QUIET_SECONDS = 0.3
END_SECONDS_MAX = 60
ALONE = multiprocessing.get_context("fork")
take = outcomes.take
# No child has to import them.
verbs.every()


def carry(operation_id: int, claimant: str, begun: Event) -> None:
    def claim(*of_whom: Any) -> list[Claimed]:
        taken = take(*of_whom)
        begun.set()
        return taken

    outcomes.take = claim  # type: ignore[assignment]
    operation = BulkOperation.objects.select_related("person").get(pk=operation_id)
    while (first := outcomes.next_position(operation)) is not None:
        order = ChunkOrder(operation_id, first, operation.eligible, RATE)
        Chunk(operation, order, claimant, lambda: True).carry()


def carried(operation_id: int, claimant: str, within: float) -> int | None:
    """How it ended; `within` counts from its first claim."""
    begun = ALONE.Event()
    one = ALONE.Process(target=carry, args=(operation_id, claimant, begun))
    one.start()
    while one.is_alive() and not begun.wait(0.1):
        continue
    one.join(within)
    if one.exitcode is None:
        one.kill()
        one.join()
        threading.Event().wait(QUIET_SECONDS)
    return one.exitcode


def killed(operation_id: int, chance: Random, times: int) -> int:
    ends = [
        carried(operation_id, f"try {number}", chance.uniform(*MOMENT_SECONDS))
        for number in range(times)
    ]
    last = carried(operation_id, "the last", END_SECONDS_MAX)
    assert last == 0, last
    return ends.count(-signal.SIGKILL)


for line in sys.stdin:
    number, seed, times = map(int, line.split())
    sys.stdout.write(f"killed {killed(number, Random(seed), times)}\n")
    sys.stdout.flush()
