"""For RELAY_INCLUDE: a job for each process that does not hear its time limit, and a quick one."""

import signal

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from search.relay.__main__ import JOBS_AT_ONCE

DEAF = "tests.relay.deaf_jobs.deaf"
QUICK = "tests.relay.deaf_jobs.quick"


@shared_task(name=DEAF, soft_time_limit=1, time_limit=2)
def deaf() -> None:
    while True:
        try:
            signal.pause()
        except SoftTimeLimitExceeded:
            continue


@shared_task(name=QUICK)
def quick() -> None:
    """The worker says that it is done."""


BEAT = {
    **{f"deaf-{number}": {"task": DEAF, "schedule": 3600} for number in range(JOBS_AT_ONCE)},
    "quick": {"task": QUICK, "schedule": 1, "options": {"expires": 5}},
}
