"""Every program on both servers."""

import asyncio
import difflib
import inspect
import itertools
from types import ModuleType

import pytest

from tests.features.differential import (
    programs_activities,
    programs_chains,
    programs_commands,
    programs_ends,
    programs_interventions,
    programs_limits,
    programs_nexus,
    programs_others,
    programs_pauses,
    programs_policies,
    programs_reading,
    programs_standalone,
    programs_standalone_asking,
    programs_standalone_care,
    programs_standalone_operations,
    programs_tasks,
    programs_told,
    programs_updates,
    programs_work,
)
from tests.features.differential.stage import Program, Stage
from tests.support.engine import Server

_plays = itertools.count(1)


def programs(module: ModuleType) -> dict[str, Program]:
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.iscoroutinefunction(function)
        and list(inspect.signature(function).parameters) == ["stage"]
        and not name.startswith("_")
    }


def without_a_workflow() -> dict[str, Program]:
    modules = (programs_standalone, programs_standalone_asking, programs_standalone_care)
    found = {name: play for module in modules for name, play in programs(module).items()}
    found.update(programs_standalone_asking.REFUSED)
    operations = programs(programs_standalone_operations)
    return {
        **{f"standalone activity: {name}": play for name, play in found.items()},
        **{f"standalone operation: {name}": play for name, play in operations.items()},
    }


ALL = {
    **programs(programs_work),
    **programs(programs_others),
    **programs(programs_ends),
    **programs(programs_interventions),
    **programs(programs_policies),
    **programs(programs_commands),
    **programs_commands.REFUSED,
    **programs(programs_reading),
    **programs(programs_pauses),
    **programs(programs_told),
    **programs(programs_tasks),
    **programs_tasks.FAILING,
    **programs(programs_activities),
    **programs(programs_chains),
    **programs(programs_updates),
    **programs(programs_limits),
    **programs_limits.LARGE_COMMANDS,
    **programs_limits.MANY_COMMANDS,
    **programs(programs_nexus),
    **programs_nexus.REFUSED,
    **programs_nexus.BAD_CALLBACKS,
    **without_a_workflow(),
}


@pytest.mark.parametrize("program", ALL.values(), ids=ALL)
async def test_both_servers_tell_the_same_history(
    server: Server, official: Server, program: Program, request: pytest.FixtureRequest
) -> None:
    play = f"{request.node.callspec.id} {next(_plays)}"
    ours, theirs = Stage(server, play), Stage(official, play)

    await asyncio.gather(program(theirs), program(ours))

    told = difflib.unified_diff(await theirs.told(), await ours.told(), "theirs", "ours", n=0)
    differences = "\n".join(told)
    if differences:
        pytest.fail(differences, pytrace=False)
