"""`python -m search.relay`: the beat and the relay's worker, in the foreground.

    python -m search.relay            the beat; and drains, where ELASTICSEARCH_URL is set
    python -m search.relay jobs       a worker for the jobs that RELAY_INCLUDE brings
    python -m search.relay rebuild    rebuilds the index now, in this process

The relay's worker has threads, since its work is waiting for two servers, and a rebuild must not
hold up drains. The jobs' worker has processes, which can be ended when a job takes too long.
"""

import gc
import logging
import sys

from celery.beat import EmbeddedService, Scheduler

from search.config import BadSetting, SearchConfig, of_this_process
from search.relay import tasks
from search.relay.app import (
    JOB_SECONDS_MAX,
    JOB_SECONDS_SOFT_MAX,
    JOBS_QUEUE,
    QUEUE,
    app,
    configured,
)

THREADS = 4
JOBS_AT_ONCE = 2
#: A process that has done so many is replaced: what a job leaves in memory goes with it.
JOBS_A_PROCESS_MAX = 100
#: The jobs bring Django along: to look through all that for garbage takes a fifth of a start.
OBJECTS_BETWEEN_COLLECTIONS = 50_000
ALONE = ("--loglevel=INFO", "--without-gossip", "--without-mingle", "--without-heartbeat")


def main(arguments: list[str]) -> int:
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    wanted = " ".join(arguments)
    if wanted not in COMMANDS:
        sys.exit("usage: python -m search.relay [jobs | rebuild]")
    try:
        config = of_this_process()
        _refuse_what_is_missing(wanted, config)
        configured(config)
    except BadSetting as refused:
        sys.exit(str(refused))
    COMMANDS[wanted]()
    return 0


def _refuse_what_is_missing(wanted: str, config: SearchConfig) -> None:
    if wanted == "rebuild" and not config.elasticsearch_url:
        raise BadSetting("ELASTICSEARCH_URL is not set: PostgreSQL answers, there is no index")
    if wanted == "jobs" and not config.relay_include:
        raise BadSetting("RELAY_INCLUDE is not set: name what brings jobs, as in console.jobs")
    if not config.elasticsearch_url and not config.relay_include:
        raise BadSetting("ELASTICSEARCH_URL is not set, nor RELAY_INCLUDE: there is nothing to do")
    if wanted != "rebuild" and not config.broker_url:
        raise BadSetting("BROKER_URL is not set, and RELAY_INCLUDE needs it")


def _relay() -> None:
    # A thread, not the process that --beat makes: that one would outlive a killed worker.
    # Its scheduler by name, since the embedded one ignores the app's own and keeps a file.
    EmbeddedService(app, thread=True, scheduler_cls=Scheduler).start()
    app.worker_main(
        ["worker", f"--queues={QUEUE}", "--pool=threads", f"--concurrency={THREADS}", *ALONE]
    )


def _jobs() -> None:
    """A job leaves the broker when it is done, so that a killed worker's is given out again.

    Not one that took its own process along, which might do so for ever: the beat asks again.
    """
    app.conf.update(task_acks_late=True)
    limits = (f"--soft-time-limit={JOB_SECONDS_SOFT_MAX}", f"--time-limit={JOB_SECONDS_MAX}")
    pool = ("--pool=prefork", f"--concurrency={JOBS_AT_ONCE}")
    replaced = f"--max-tasks-per-child={JOBS_A_PROCESS_MAX}"
    app.worker_main(["worker", f"--queues={JOBS_QUEUE}", *pool, *limits, replaced, *ALONE])


def _rebuild() -> None:
    logging.basicConfig(level=logging.INFO)
    tasks.rebuild()


COMMANDS = {"": _relay, "jobs": _jobs, "rebuild": _rebuild}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
