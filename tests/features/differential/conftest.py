import asyncio
import difflib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.support.dev_server import dev_server
from tests.support.engine import OFFICIAL, Server

#: What is done to a server, with names that begin so: what it tells.
Script = Callable[[Server, str], Awaitable[list[Any]]]


#: What it does only where it is asked to, and this engine always.
AS_PERDURE = (
    "--dynamic-config-value",
    "component.nexusoperations.recordCancelRequestCompletionEvents=true",
    "--dynamic-config-value",
    "activity.enableStandalone=true",
    "--dynamic-config-value",
    "activity.startDelayEnabled=true",
    "--dynamic-config-value",
    "nexusoperation.enableStandalone=true",
    "--dynamic-config-value",
    "history.enableCHASMCallbacks=true",
    "--dynamic-config-value",
    "history.enableCHASMSignalBacklinks=true",
    "--dynamic-config-value",
    "history.enableUpdateCallbacks=true",
    "--dynamic-config-value",
    "history.enableSignalWithStartFromWorkflow=true",
    "--dynamic-config-value",
    "frontend.WorkflowPauseEnabled=true",
    "--dynamic-config-value",
    "frontend.enableBatchOperationsForStandaloneActivities=true",
    "--dynamic-config-value",
    "matching.enableFairness=true",
    "--dynamic-config-value",
    "frontend.workflowRulesAPIsEnabled=true",
    "--dynamic-config-value",
    "frontend.enableCancelWorkerPollsOnShutdown=true",
    # So that a rule is in force soon.
    "--dynamic-config-value",
    'system.namespaceCacheRefreshInterval="100ms"',
)


async def told_alike(script: Script, server: Server, official: Server, name: str) -> None:
    ours, theirs = await asyncio.gather(script(server, name), script(official, name))
    said = [[str(each) for each in whole] for whole in (theirs, ours)]
    differences = "\n".join(difflib.unified_diff(*said, "theirs", "ours", n=0, lineterm=""))
    if differences:
        pytest.fail(differences, pytrace=False)


@pytest.fixture(scope="session")
async def official() -> AsyncIterator[Server]:
    """The official dev server, one for all of these files."""
    with dev_server(*AS_PERDURE) as address:
        yield Server(address, OFFICIAL)
