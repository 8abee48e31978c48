"""The Celery app and its beat table. `python -m search.relay` runs the beat and the relay's worker.

    beat ──▶ perdure-relay ──▶ the relay: drains, where there is an index
         └─▶ perdure-jobs ───▶ the jobs' worker: what the modules of RELAY_INCLUDE bring

Two queues with a worker each, so that no job, however long, holds up a drain.
"""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from celery import Celery

from search.config import BadSetting, SearchConfig

QUEUE = "perdure-relay"
JOBS_QUEUE = "perdure-jobs"
DRAIN = "search.relay.drain"
ENSURE = "search.relay.ensure"
REBUILD = "search.relay.rebuild"

#: What is lost with the broker waits no longer than this.
SWEEP_SECONDS = 1.0
ENSURE_SECONDS = 10.0
#: A word that comes later than this is no news: the beat has been there.
WORD_EXPIRES_SECONDS = 5.0
#: So each row is due at the start, and not first after one whole interval.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
#: A job gets an exception at the first, its process is killed at the second.
JOB_SECONDS_SOFT_MAX = 9 * 60
JOB_SECONDS_MAX = 10 * 60
#: A job whose worker died is given out again after this; longer than any job may take.
UNACKED_SECONDS_MAX = 2 * JOB_SECONDS_MAX

Table = dict[str, dict[str, Any]]

app = Celery("perdure")
app.conf.update(
    task_routes={"search.relay.*": {"queue": QUEUE}},
    task_default_queue=JOBS_QUEUE,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "visibility_timeout": UNACKED_SECONDS_MAX,
    },
    beat_max_loop_interval=SWEEP_SECONDS,
)


def configured(config: SearchConfig) -> Celery:
    app.conf.update(
        broker_url=config.broker_url,
        include=["search.relay.tasks", *config.relay_include],
        beat_schedule=beat_table(config),
    )
    return app


def beat_table(config: SearchConfig) -> Table:
    due = _index_table(len(config.databases)) if config.elasticsearch_url else {}
    for module in config.relay_include:
        due |= _brought_by(module)
    return {name: {"last_run_at": LONG_AGO, **row} for name, row in due.items()}


def _index_table(databases: int) -> Table:
    due: Table = {
        f"drain-{number}": {
            "task": DRAIN,
            "args": (number,),
            "schedule": SWEEP_SECONDS,
            "options": {"expires": WORD_EXPIRES_SECONDS},
        }
        for number in range(databases)
    }
    due["ensure"] = {
        "task": ENSURE,
        "schedule": ENSURE_SECONDS,
        "options": {"expires": ENSURE_SECONDS},
    }
    return due


def _brought_by(module: str) -> Table:
    """The beat table of a module that brings jobs; by convention its BEAT."""
    try:
        table: Table = import_module(module).BEAT
    except (ImportError, AttributeError) as missing:
        raise BadSetting(f"RELAY_INCLUDE names {module}, which brings no jobs: {missing}") from None
    return table
