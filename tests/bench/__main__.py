"""Figures, never tests: `python -m tests.bench [servers growth …]`; all by default.

servers   design.md §5's table: the official dev server and Perdure, the same load, as ratios
growth    one more event on a run that has grown, beside a small one
console   the console's pages over a full index, and from commit to index; wants a JDK and Maven
bulk      100,000 runs terminated in bulk, with what others wait meanwhile
queue     60,000 tasks on one queue: memory, the rate of draining, and what is urgent behind them
step      `step()` on an activity's round trip, and a task that meets a poll, beside a fixed loop
exports   10,000 and 100,000 rows written to a file, with the memory that it takes
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.bench import bulk, compare, console, exports, growth, queue, step

PARTS: dict[str, Callable[[], None]] = {
    "servers": compare.main,
    "growth": growth.main,
    "console": console.main,
    "bulk": bulk.main,
    "queue": queue.main,
    "step": step.main,
    "exports": exports.main,
}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        sys.exit(f"there is no bench {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    # Each part reads its own arguments from here; run from here it has none.
    del sys.argv[1:]
    for name in wanted:
        print(f"\n== {name}", flush=True)
        PARTS[name]()


main()
