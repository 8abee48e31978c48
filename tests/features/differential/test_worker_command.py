"""`temporal worker` on both servers: the same words and the same exit codes."""

from __future__ import annotations

import json
from typing import Any

from tests.features.differential.conftest import told_alike
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.shell import Shell, shown
from tests.support.workers import SHUTDOWN, Fleet, beat


async def heard(server: Server, name: str) -> list[str]:
    shell, fleet = Shell(server, queue=name), Fleet(server)
    of_play = f"TaskQueue = '{name}'"
    await fleet.record(beat("k1", task_queue=name), beat("k2", build="b", task_queue=name))
    await eventually_async(lambda: fleet.count(of_play), lambda found: found == 2)
    await shell.play(f"""
        worker list --query "{of_play}"
        worker list --query "{of_play} AND DeploymentName = 'orders'" --output json
        worker list --query "bad bad"
        worker list --namespace nobody
        worker count --query "{of_play}"
        worker count --query "{of_play}" --output json
        worker count --query "bad bad"
        worker describe --worker-instance-key k2
        worker describe --worker-instance-key k2 --output json
        worker describe --worker-instance-key nobody
        worker describe --worker-instance-key k2 --namespace nobody
    """)
    gone = {"status": SHUTDOWN, "task_queue": name}
    await fleet.record(beat("k1", **gone), beat("k2", **gone))
    return shell.said


async def listed(shell: Shell) -> None:
    """Others on the same servers have theirs; the official server's list knows of one late."""
    name = shell.places["name"]

    async def rows() -> list[dict[str, Any]]:
        said = await shell.run("worker", "deployment", "list", "--output", "json", tells=False)
        return [each for each in json.loads(said) if each["name"] == name]

    found = await eventually_async(rows, lambda found: len(found) == 1, within=20)
    shell.said.append(shown(json.dumps(found)))


async def deployed(server: Server, name: str) -> list[str]:
    shell = Shell(server, name=name)
    at = "--deployment-name $name"
    lambda_ = "--aws-lambda-function-arn arn:aws:x --aws-lambda-skip-role-and-external-id"
    await shell.play(f"""
        worker deployment create --name $name
        worker deployment create --name $name
        worker deployment create --name a.b
        worker deployment describe --name $name
        worker deployment describe --name $name --output json
        worker deployment describe --name nobody
        worker deployment create-version {at} --build-id b1 {lambda_}
        worker deployment create-version --deployment-name nobody --build-id b1 {lambda_}
        worker deployment set-current-version {at} --build-id b1 --yes
        worker deployment set-current-version {at} --build-id b1 --yes --allow-no-pollers
        worker deployment set-ramping-version {at} --build-id b2 --percentage 10 --yes --allow-no-pollers
        worker deployment set-ramping-version {at} --build-id b2 --percentage 110 --yes
        worker deployment list --namespace nobody
        worker deployment describe --name $name --output json
        worker deployment describe-version {at} --build-id b2 --output json --report-task-queue-stats
        worker deployment describe-version {at} --build-id b9
        worker deployment update-version-metadata {at} --build-id b1 --metadata a=1 --output json
        worker deployment update-version-metadata {at} --build-id b9 --remove-entries a
        worker deployment update-version-compute-config {at} --build-id b1 --remove
        worker deployment update-version-compute-config {at} --build-id b9 --remove
        worker deployment manager-identity set {at} --manager-identity boss --yes
        worker deployment set-current-version {at} --unversioned --yes
        worker deployment manager-identity unset {at} --yes
        worker deployment manager-identity unset --deployment-name nobody --yes
    """)  # noqa: E501  a command is one line
    await listed(shell)
    await shell.play(f"""
        worker deployment delete --name $name
        worker deployment delete-version {at} --build-id b2
        worker deployment set-ramping-version {at} --build-id b2 --delete --yes
        worker deployment delete-version {at} --build-id b2 --skip-drainage
        worker deployment delete-version {at} --build-id b9
        worker deployment delete --name nobody
    """)
    return shell.said


async def test_both_servers_tell_alike_of_workers(
    server: Server, official: Server, names: Names
) -> None:
    await told_alike(heard, server, official, names.queue())


async def test_both_servers_keep_deployments_alike(
    server: Server, official: Server, names: Names
) -> None:
    await told_alike(deployed, server, official, names.queue().replace("/", "-"))
