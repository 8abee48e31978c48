"""Which queues there are, and what a person sets of one.

The protocol has no list of queues, so the open runs are asked. Where only activities use a queue no
run names it; our own engine tells of those.
"""

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import queue_limits, task_queues
from console.gateway.queue_limits import Half, Limits, Wanted
from console.gateway.task_queues import Queue
from console.task_queues.presenters import plain

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


def limit(person: User, half: Half, now: Limits, wanted: Wanted, reason: str) -> None:
    with record(
        person, "queue.limit", namespace=half.namespace, target=str(half),
        reason=reason, before=in_words(now.wanted), asked=in_words(wanted),
    ) as act:  # fmt: skip
        after = queue_limits.change(half, now.wanted, wanted, reason=reason, identity=act.identity)
        act.after = in_words(after)


def in_words(limits: Wanted) -> dict[str, str]:
    """For the activity log."""
    return {
        "a second": "no limit" if limits.rate is None else plain(limits.rate),
        "a second for each key": "no limit" if limits.key_rate is None else plain(limits.key_rate),
        "weights": ", ".join(f"{key} {plain(one)}" for key, one in sorted(limits.weights.items())),
    }
