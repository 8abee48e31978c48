"""`python -m search.relay`: the worker with its beat, in the foreground.

Threads, since the work is waiting for two servers, and a rebuild must not hold up drains.
`python -m search.relay rebuild` rebuilds the index now, in this process.
"""

import logging
import sys

from celery.beat import EmbeddedService

from search.config import BadSetting, of_this_process
from search.relay import tasks
from search.relay.app import app, configured

THREADS = 4


def main(arguments: list[str]) -> int:
    try:
        config = of_this_process()
    except BadSetting as refused:
        sys.exit(str(refused))
    if not config.elasticsearch_url:
        sys.exit("ELASTICSEARCH_URL is not set: PostgreSQL answers searches, and needs no relay")
    configured(config)
    if arguments == ["rebuild"]:
        logging.basicConfig(level=logging.INFO)
        tasks.rebuild()
        return 0
    if arguments:
        sys.exit("usage: python -m search.relay [rebuild]")
    # A thread, not the process that --beat makes: that one would outlive a killed worker.
    EmbeddedService(app, thread=True).start()
    worker = ["worker", "--loglevel=INFO", "--pool=threads", f"--concurrency={THREADS}"]
    app.worker_main([*worker, "--without-gossip", "--without-mingle", "--without-heartbeat"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
