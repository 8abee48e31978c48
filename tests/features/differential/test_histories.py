"""Every program on both servers."""

import asyncio
import difflib
import inspect
import itertools
from collections.abc import AsyncIterator
from types import ModuleType

import pytest

from tests.features.differential import (
    programs_activities,
    programs_addresses,
    programs_beside,
    programs_chains,
    programs_commands,
    programs_eager,
    programs_ends,
    programs_interventions,
    programs_limits,
    programs_lost,
    programs_multi,
    programs_nexus,
    programs_others,
    programs_pauses,
    programs_policies,
    programs_reading,
    programs_refusals,
    programs_rules,
    programs_rules_kept,
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
    **programs(programs_beside),
    **programs(programs_eager),
    **programs(programs_others),
    **programs(programs_ends),
    **programs(programs_interventions),
    **programs(programs_policies),
    **programs(programs_commands),
    **programs_commands.REFUSED,
    **programs(programs_reading),
    **programs(programs_pauses),
    **programs(programs_rules),
    **programs(programs_rules_kept),
    **programs(programs_told),
    **programs(programs_tasks),
    **programs_tasks.FAILING,
    **programs(programs_activities),
    **programs(programs_chains),
    **programs(programs_updates),
    **programs(programs_lost),
    **programs(programs_multi),
    **programs_multi.BAD,
    **programs(programs_limits),
    **programs_limits.LARGE_COMMANDS,
    **programs_limits.MANY_COMMANDS,
    **programs(programs_nexus),
    **programs_nexus.REFUSED,
    **programs(programs_addresses),
    **programs_addresses.BAD_CALLBACKS,
    **programs(programs_refusals),
    **programs_refusals.WRONGLY_ASKED,
    **without_a_workflow(),
}


class Plays:
    """Each is begun a few before its turn: most of what they do is wait."""

    AT_ONCE = 4

    def __init__(self, server: Server, official: Server, names: list[str]) -> None:
        self._servers = server, official
        self._names = names
        self._begun: dict[str, asyncio.Task[str]] = {}

    async def differences(self, name: str) -> str:
        """None of them, where both servers tell the same."""
        turn = self._names.index(name)
        for each in self._names[turn : turn + self.AT_ONCE]:
            if each not in self._begun:
                self._begun[each] = asyncio.create_task(self._play(each))
        return await self._begun[name]

    async def _play(self, name: str) -> str:
        play = f"{name} {next(_plays)}"
        ours, theirs = (Stage(server, play) for server in self._servers)
        await asyncio.gather(ALL[name](theirs), ALL[name](ours))
        told = difflib.unified_diff(await theirs.told(), await ours.told(), "theirs", "ours", n=0)
        return "\n".join(told)

    async def end(self) -> None:
        for play in self._begun.values():
            play.cancel()
        await asyncio.gather(*self._begun.values(), return_exceptions=True)


@pytest.fixture(scope="module")
async def plays(
    server: Server, official: Server, request: pytest.FixtureRequest
) -> AsyncIterator[Plays]:
    mine = [item for item in request.session.items if item.location[0] == request.node.nodeid]
    made = Plays(server, official, [item.callspec.params["name"] for item in mine])  # type: ignore[attr-defined]
    yield made
    await made.end()


@pytest.mark.parametrize("name", ALL)
async def test_both_servers_tell_the_same_history(plays: Plays, name: str) -> None:
    differences = await plays.differences(name)
    if differences:
        pytest.fail(differences, pytrace=False)
