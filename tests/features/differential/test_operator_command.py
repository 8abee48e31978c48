"""`temporal operator` on both servers: the same words and the same exit codes.

`operator nexus` has a file of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tests.features.differential.conftest import told_alike
from tests.support.engine import Server
from tests.support.names import Names
from tests.support.shell import Shell

Story = Callable[[Shell], Awaitable[None]]

#: What one of the two alone says of itself, and why.
APART = {
    # Who it is, where it is, and in which databases.
    "serverVersion", "clusterId", "address", "httpAddress", "persistenceStore", "visibilityStore",
    "historyShardCount",
    # The official server counts itself and its Nexus client among those that it supports.
    "Nexus-go-sdk", "temporal-server",
    # The protocol's older versions of workers, and workers that a server starts: not here.
    "buildIdBasedVersioning", "serverScaledDeployments",
    # Of namespaces: what only one of them has, or promises.
    "standaloneActivities", "standaloneActivityStartDelay", "standaloneActivityBatchOperations",
    "standaloneActivityOperatorCommands",
    "workflowTaskCompletionSizeLimitError",
    # The official server keeps custom attributes in numbered columns.
    "customSearchAttributeAliases",
}  # fmt: skip
#: System attributes of the official server alone: payloads outside of the history.
THEIRS = {"TemporalExternalPayloadCount", "TemporalExternalPayloadSizeBytes"}
#: And of ours alone: what the console looks for.
OURS = {
    "ActivityAttemptMax", "FailingActivityCount", "FailingActivityTypes", "FailureFingerprint",
    "FirstRunId", "LastFailureMessage", "LastFailureType", "MemoFields", "MemoText",
    "NextRetryTime", "NextTimerTime", "PendingActivityCount", "WaitingOn",
}  # fmt: skip


async def cluster(shell: Shell) -> None:
    await shell.play("""
        operator cluster health
        operator cluster remove --name nobody
        operator cluster remove --name active
        operator cluster upsert --frontend-address 127.0.0.1:1
        operator cluster upsert
    """)
    for command in (
        "operator cluster describe",
        "operator cluster list",
        "operator cluster system",
    ):
        await tell(shell, command)


async def tell(shell: Shell, command: str) -> None:
    """Its answer but for what is said of one server alone."""
    answer = await shell.run(*command.split(), "--output", "json", tells=False)
    shell.said.append(f"{command}: {json.dumps(_alike(json.loads(answer)), sort_keys=True)}")


def _alike(told: Any) -> Any:
    if isinstance(told, list):
        return list(map(_alike, told))
    if isinstance(told, dict):
        return {key: _alike(value) for key, value in told.items() if key not in APART | {"id"}}
    return told


async def namespace(shell: Shell) -> None:
    name, create = shell.places["name"], "operator namespace create --namespace"
    update = "operator namespace update --namespace"
    await shell.play(f"""
        {create} $name
        {create} $name
        {create} $name-2 --description second --email me@example.com --data a=b --retention 48h
        {create} $name-3 --retention 10m
        {create} $name-3 --global
        {create} $name-3 --cluster nobody
        {create} $name-3 --active-cluster nobody
        {update} $name --description first --email you@example.com --data x=y
        {update} $name --data x=z --retention 5d
        {update} $name --promote-global
        {update} $name --cluster nobody
        {update} $name --active-cluster nobody
        {update} $name --active-cluster active
        {update} $name --replication-state handover
        {update} $name --history-archival-state enabled
        {update} nobody --description none
        operator namespace describe --namespace $name
        operator namespace describe --namespace nobody
        operator namespace describe --namespace-id 4ab7f1a0-0000-4000-8000-000000000000
        operator namespace delete --namespace $name
        operator namespace delete --namespace nobody --yes
        operator namespace delete --namespace $name --yes
    """)
    await tell(shell, f"operator namespace describe --namespace {name}-2")
    listed = await shell.run("operator", "namespace", "list", "--output", "json", tells=False)
    known = {each["namespaceInfo"]["name"] for each in json.loads(listed)}
    shell.said.append(f"listed: {name in known}, {f'{name}-2' in known}")
    await shell.play("operator namespace delete --namespace $name-2 --yes")


async def search_attribute(shell: Shell) -> None:
    create = "operator search-attribute create --name"
    remove = "operator search-attribute remove --name"
    await shell.play(f"""
        {create} CommandColour --type Keyword
        {create} CommandColour --type Keyword
        {create} CommandColour --type Int
        {create} CommandSize --name CommandWeight --type Double
        {create} WorkflowId --type Keyword
        {create} CommandText --type Text --namespace nobody
        workflow start --type S --task-queue $name --search-attribute 'CommandColour=1.5'
        workflow start --type S --task-queue $name --search-attribute 'CommandSize="big"'
        workflow start --type S --task-queue $name --search-attribute 'CommandColour=["a","b"]'
        {remove} CommandSize --name CommandWeight --yes
        {remove} Nobody --yes
        {remove} WorkflowId --yes
        {remove} CommandColour
        operator search-attribute list --namespace nobody
    """)
    command = ("operator", "search-attribute", "list", "--output", "json")
    known = json.loads(await shell.run(*command, tells=False))
    shell.said.append(str({key: sorted(set(known[key]) - OURS - THEIRS) for key in known}))
    await shell.play(f"{remove} CommandColour --yes")


async def told(server: Server, name: str) -> list[list[str]]:
    async def one(story: Story) -> list[str]:
        shell = Shell(server, name=name)
        await story(shell)
        return shell.said

    return await asyncio.gather(*map(one, (cluster, namespace, search_attribute)))


async def test_both_servers_say_the_same(server: Server, official: Server, names: Names) -> None:
    await told_alike(told, server, official, names.namespace().replace("/", "-"))
