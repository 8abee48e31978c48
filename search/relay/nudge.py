"""The engine's word to the relay that a commit appended rows.

Never blocks the commit, never fails it: a thread of its own sends at most one word an
interval for each database, and drops it where the broker is away or full. Whatever is
lost so, the beat finds a moment later.
"""

import logging
import threading

from celery import Celery
from kombu.exceptions import OperationalError

from search.config import SearchConfig
from search.relay.app import DRAIN, QUEUE, WORD_EXPIRES_SECONDS

#: Less than half of what the index takes to show what it was given: more words than that
#: make drains, each with its cost, and no row is seen sooner.
INTERVAL_SECONDS = 0.2
#: With so many words unread the relay is not there; another would tell it nothing.
UNREAD_MAX = 100

log = logging.getLogger(__name__)


class Nudge:
    def __init__(self, config: SearchConfig) -> None:
        self._app = Celery("perdure", broker=config.broker_url, set_as_current=False)
        self._app.conf.update(
            task_default_queue=QUEUE,
            broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 2},
        )
        self._pending: set[int] = set()
        self._speaking = False
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nudge", daemon=True)
        self._thread.start()

    def __call__(self, database: int) -> None:
        """Database number `database` has rows."""
        with self._changed:
            self._pending.add(database)
            self._changed.notify()

    @property
    def idle(self) -> bool:
        """Nothing waits to be said, and nothing is being said."""
        with self._changed:
            return not self._pending and not self._speaking

    def close(self) -> None:
        self._closing.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(timeout=INTERVAL_SECONDS * 100)
        self._app.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closing.is_set())
                databases, self._pending = self._pending, set()
                self._speaking = True
            try:
                self._send(databases)
            except (OperationalError, OSError) as away:
                log.warning("the broker is away, the relay will look by itself: %s", away)
            with self._changed:
                self._speaking = False
            self._closing.wait(INTERVAL_SECONDS)

    def _send(self, databases: set[int]) -> None:
        with self._app.producer_pool.acquire(block=True) as producer:
            unread = producer.channel.queue_declare(QUEUE).message_count
            if unread > UNREAD_MAX:
                return
            for database in databases:
                self._app.send_task(
                    DRAIN,
                    args=(database,),
                    expires=WORD_EXPIRES_SECONDS,
                    producer=producer,
                    retry=False,
                    ignore_result=True,
                )
