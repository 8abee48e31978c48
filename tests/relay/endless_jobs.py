"""For RELAY_INCLUDE: more jobs that never end than a worker has processes."""

import signal

from celery import shared_task

from search.relay.__main__ import JOBS_AT_ONCE

NEVER_ENDS = "tests.relay.endless_jobs.never_ends"


@shared_task(name=NEVER_ENDS)
def never_ends() -> None:
    while True:
        signal.pause()


BEAT = {
    f"never-{number}": {"task": NEVER_ENDS, "schedule": 3600} for number in range(JOBS_AT_ONCE * 3)
}
