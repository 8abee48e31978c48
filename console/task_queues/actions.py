"""Which queues there are: the protocol has no list of them, so the open runs are asked."""

from console.gateway import task_queues
from console.gateway.task_queues import Queue

QUEUES_MAX = 50


def known(namespace: str, asked_for: str = "") -> list[tuple[Queue, int]]:
    """The queues that running workflows name, with how many runs each.

    Of many the most used; of those that are asked for by a part of their name, all are looked
    through. One that nobody names may still be asked for by its whole name.
    """
    running = task_queues.of_running(namespace)
    names = [name for name, _ in running.most_common() if asked_for in name][:QUEUES_MAX]
    if asked_for and not names:
        names.append(asked_for)
    return [(task_queues.glance(namespace, name), running[name]) for name in names]
