"""What is asked of the server: heartbeats, and the pollers of queues that open runs name."""

from console.gateway import task_queues, workers
from console.gateway.channel import GatewayError, Trouble
from console.gateway.task_queues import Queue
from console.gateway.workers import Worker

#: Each queue is a call, of another server two.
QUEUES_MAX = 10


def beating(namespace: str) -> tuple[list[Worker] | None, bool]:
    """Those that say that they live, and whether there are more; None: the server takes no word."""
    try:
        return workers.find(namespace)
    except GatewayError as error:
        if error.trouble is Trouble.UNSUPPORTED:
            return None, False
        raise


def polled(namespace: str) -> list[Queue]:
    """The queues that most running workflows name."""
    names = [name for name, _ in task_queues.of_running(namespace).most_common(QUEUES_MAX)]
    return [task_queues.glance(namespace, name) for name in names]
