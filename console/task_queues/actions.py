"""Which queues there are: the protocol has no list of them, so the open runs are asked."""

from collections import Counter

from console.gateway import task_queues, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.task_queues import Queue

QUEUES_MAX = 50
SAMPLE = 500


def known(namespace: str, asked_for: str = "") -> list[tuple[Queue, int]]:
    """The queues that running workflows name, with how many runs each.

    Of many the most used; of those that are asked for by a part of their name, all are looked
    through. One that nobody names may still be asked for by its whole name.
    """
    running = _running_by_queue(namespace)
    names = [name for name, _ in running.most_common() if asked_for in name][:QUEUES_MAX]
    if asked_for and not names:
        names.append(asked_for)
    return [(task_queues.describe(namespace, name), running[name]) for name in names]


def _running_by_queue(namespace: str) -> Counter[str]:
    """One grouped count where the server can; else the newest open runs stand for all."""
    try:
        counts = workflows.count(namespace, "ExecutionStatus = 'Running' GROUP BY TaskQueue")
        return Counter({str(group.values[0]): group.count for group in counts.groups})
    except GatewayError as error:
        if error.trouble is not Trouble.INVALID:
            raise
    page = workflows.find(namespace, "ExecutionStatus = 'Running'", SAMPLE)
    return Counter(run.task_queue for run in page.runs)
