"""A test that hangs for good ends its process, which says where it stood.

A time-out is an exception: the callback of an event loop may swallow it, and a browser that was
interrupted by one may never answer what the test's teardown asks. Nothing would end such a run.
With several processes the others go on, and a new one takes what is left.
"""

import faulthandler
import os
from collections.abc import Generator

import pytest
from pytest_timeout import Settings

#: For what a test leaves behind, after its time-out or its failure.
TEARDOWN_SECONDS_MAX = 120
STDERR = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """The stream that is told is the process's own, whatever is captured at the time."""
    capturing = config.pluginmanager.getplugin("capturemanager")
    with capturing.global_and_fixture_disabled():
        config.stash[STDERR] = os.dup(2)


def end_the_process_in(seconds: float, config: pytest.Config) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True, file=config.stash[STDERR])


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(
    item: pytest.Item, settings: Settings
) -> Generator[None, object, object]:
    end_the_process_in(settings.timeout + TEARDOWN_SECONDS_MAX, item.config)
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """Who has failed has no time-out any more."""
    if isinstance(node, pytest.Item):
        end_the_process_in(TEARDOWN_SECONDS_MAX, node.config)


@pytest.hookimpl(wrapper=True)
def pytest_timeout_cancel_timer() -> Generator[None, object, object]:
    faulthandler.cancel_dump_traceback_later()
    return (yield)
