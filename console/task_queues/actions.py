"""Which queues there are: the protocol has no list of them, so the open runs are asked.

Where only activities use a queue no run names it; our own engine tells of those.
"""

from console.gateway import task_queues
from console.gateway.task_queues import Queue

QUEUES_MAX = 50
#: of them such that no run names, which are few and where nobody looks
OF_ACTIVITIES_MAX = 20


def known(namespace: str, asked_for: str = "") -> list[tuple[Queue, int]]:
    """The queues that running workflows name, with how many runs each, and those of activities.

    Of many the most used; of those that are asked for by a part of their name, all are looked
    through. One that nobody names may still be asked for by its whole name.
    """
    running = task_queues.of_running(namespace)
    every = task_queues.of_activities(namespace) or ()
    own = [one for one in every if asked_for in one and one not in running][:OF_ACTIVITIES_MAX]
    named = [name for name, _ in running.most_common() if asked_for in name]
    names = named[: max(QUEUES_MAX - len(own), 0)] + own
    if asked_for and not names:
        names.append(asked_for)
    return [(task_queues.glance(namespace, name), running[name]) for name in names]
