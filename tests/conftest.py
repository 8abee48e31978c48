"""The few fixtures that everyone needs, and the order in which the files come.

A file is one process's (`--dist loadfile`), and those that share a stack are as one file. What
starts a whole stack or kills something again and again takes long and the machine's every core:
these come one after the other among the rest, so that no two of them meet if it can be helped, and
none is left for the end.
"""

import gc

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

pytest_plugins = [
    "tests.support.hung",
    "tests.support.broker",
    "tests.support.elastic",
    "tests.support.postgres",
    "tests.support.engine",
]

LONG = (
    "tests/browser/",
    "tests/stack/",
    "tests/examples/test_seed.py",
    "tests/sdk/test_crash.py",
    "tests/sdk/test_cluster.py",
    "tests/console/test_bulk_crash.py",
    "tests/console/test_asking_in_browser.py",
    "tests/console/test_in_browser.py",
    "tests/console/test_longest.py",
)
#: These look at one stack: who walks through it changes it, so the other comes first.
SHARING = ("tests/browser/test_barriers.py", "tests/browser/test_walk.py")
#: As in the servers: what is loaded by then is looked through for garbage never again.
OBJECTS_BETWEEN_COLLECTIONS = 50_000
gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
#: They are all begun by then: what comes after the half is small.
BEGUN_BY = 0.5


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    files = list(dict.fromkeys(item.location[0] for item in items))
    long = [file for file in files if file.startswith(LONG)]
    others = [file for file in files if not file.startswith(LONG)]
    apart = BEGUN_BY * len(others) / max(len(long), 1)
    place = {file: number * apart - 0.5 for number, file in enumerate(long)}
    place |= {file: float(number) for number, file in enumerate(others)}
    items.sort(key=lambda item: place[item.location[0]])


class BySharing(LoadFileScheduling):
    """By file, and those that share as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return SHARING[0] if file in SHARING else file

    def remove_node(self, node: WorkerController) -> str | None:
        """The test that ended its process is not tried again; the rest of its file is."""
        work = self.assigned_work[node]
        left = (test for file in work.values() for test, is_over in file.items() if not is_over)
        ended = next(left, None)
        for name, file in list(work.items()):
            if ended in file:
                file[ended] = True
            if all(file.values()):
                del work[name]
        super().remove_node(node)
        return ended


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    return BySharing(config, log)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
