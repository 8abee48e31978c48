"""The relay's Celery app and its beat table; `python -m search.relay` runs both."""

from typing import Any

from celery import Celery

from search.config import SearchConfig

QUEUE = "perdure-relay"
DRAIN = "search.relay.drain"
ENSURE = "search.relay.ensure"
REBUILD = "search.relay.rebuild"

#: What is lost with the broker waits no longer than this.
SWEEP_SECONDS = 1.0
ENSURE_SECONDS = 10.0
#: A word that comes later than this is no news: the beat has been there.
WORD_EXPIRES_SECONDS = 5.0

app = Celery("perdure", include=["search.relay.tasks"])
app.conf.update(
    task_default_queue=QUEUE,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"socket_timeout": 10, "socket_connect_timeout": 5},
    # Keeps no file: each entry is due again a moment later anyway.
    beat_scheduler="celery.beat:Scheduler",
    beat_max_loop_interval=SWEEP_SECONDS,
)


def configured(config: SearchConfig) -> Celery:
    app.conf.update(broker_url=config.broker_url, beat_schedule=beat_table(len(config.databases)))
    return app


def beat_table(databases: int) -> dict[str, dict[str, Any]]:
    due: dict[str, dict[str, Any]] = {
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
