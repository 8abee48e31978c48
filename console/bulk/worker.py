"""The process that runs bulk operations."""

import os
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from console.bulk.activities import act_on_chunk, show_stage
from console.bulk.workflow import BulkWorkflow
from console.gateway import system

#: How far behind whoever waits for a page or a task, where they share a machine's processors.
NICENESS = 10
#: Linux weighs sessions before it weighs what runs in one of them; this one may be all its own.
OF_SESSION = Path("/proc/self/autogroup")


async def serve() -> None:
    _give_way()
    await system.serve(settings.BULK_TASK_QUEUE, [BulkWorkflow], [act_on_chunk, show_stage])


def _give_way() -> None:
    os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            OF_SESSION.write_text(str(NICENESS))
