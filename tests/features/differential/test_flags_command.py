"""Flags of the official command that its other plays have no use for, on both servers."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.features.differential.conftest import told_alike
from tests.support.engine import Server
from tests.support.names import Names
from tests.support.shell import Shell

NO_RUN = "4ab7f1a0-0000-4000-8000-000000000000"
LAMBDA = "--aws-lambda-function-arn arn:aws:x --aws-lambda-assume-role-arn arn:aws:r"


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A file of JSON, as an argument or as a text."""
    file = tmp_path / "given.json"
    file.write_text('{"amount": "24.90"}')
    return file


async def inputs(given: Path, server: Server, name: str) -> list[str]:
    shell = Shell(server, run=name, queue=f"queue-of-{name}", file=str(given))
    start = "--type Scripted --task-queue $queue --workflow-id"
    with_signal = f"workflow signal-with-start {start} $run --signal-name go"
    update = "--update-name change --update-wait-for-stage accepted"
    with_update = f"workflow start-update-with-start {start} $run {update}"
    history = given.with_name(f"{server.address}.json")
    await shell.play(f"""
        workflow start {start} $run --input-file $file --headers h='"x"'
        workflow start {start} $run-2 --input eyJhIjoxfQ== --input-base64 --input-meta colour=red
        workflow start {start} $run-3 --input-file nowhere.json
        workflow start {start} $run-3 --input "no JSON"
        workflow start {start} $run-3 --input "no JSON" --input-meta encoding=binary/plain
        workflow signal --workflow-id $run --name go --input-file $file --headers h='"y"'
        workflow signal --workflow-id $run --run-id {NO_RUN} --name go
        workflow signal --workflow-id $run --name go --rps 3
        workflow cancel --workflow-id $run --rps 3
        workflow terminate --workflow-id $run --rps 3
        workflow delete --workflow-id $run --rps 3
        workflow update-options --workflow-id $run --versioning-override-behavior auto_upgrade --rps 3
        workflow list --query "WorkflowId = '$run'" --page-size 1 --limit 1
        workflow list --query "WorkflowId = '$run'" --page-size 1 --limit 0
        workflow list --query "WorkflowId = '$run'" --page-size 0
        workflow list --query "WorkflowId = '$run'" --page-size -1
        activity list --query "ActivityId = '$run'" --page-size 1
        activity cancel --activity-id $run --rps 3
        activity delete --activity-id $run --rps 3
        activity terminate --activity-id $run --rps 3
        activity reset --workflow-id $run --activity-id a --rps 3
        activity unpause --workflow-id $run --activity-id a --rps 3
        activity update-options --workflow-id $run --activity-id a --rps 3 --heartbeat-timeout 1s
        {with_signal} --signal-input-file $file --signal-input-meta a=b
        {with_signal} --signal-input e30= --signal-input-base64
        {with_update} --update-input 1 --run-id {NO_RUN}
        {with_update} --update-input 1 --update-first-execution-run-id {NO_RUN}
        workflow update start --workflow-id $run --name u --wait-for-stage accepted --run-id {NO_RUN}
        workflow update execute --workflow-id $run --name u --first-execution-run-id {NO_RUN}
        workflow cancel --workflow-id $run --run-id {NO_RUN}
        workflow terminate --workflow-id $run --run-id {NO_RUN}
        workflow reset --workflow-id $run --run-id {NO_RUN} --type FirstWorkflowTask --reason r
        workflow query --workflow-id $run --run-id {NO_RUN} --name q --input-file $file
        workflow show --workflow-id $run --output json
        workflow show --workflow-id $run-2 --output json
        workflow show --workflow-id $run-3 --output json
        workflow fix-history-json --source nowhere.json
    """)  # noqa: E501  a command is one line
    told = await shell.run(
        *f"workflow show --workflow-id {name} --output json".split(), tells=False
    )
    history.write_text(told)
    fixed = await shell.run("workflow", "fix-history-json", "--source", str(history), tells=False)
    shell.said.append(f"as it was: {fixed.strip() == told.strip()}")
    await shell.play("""
        workflow terminate --workflow-id $run
        workflow terminate --workflow-id $run-2
        workflow terminate --workflow-id $run-3
        workflow trace --workflow-id $run --depth 1 --concurrency 1 --no-fold
        workflow trace --workflow-id $run-2 --fold completed
    """)
    return shell.said


async def places(given: Path, server: Server, name: str) -> list[str]:
    shell = Shell(server, name=name, file=str(given))
    endpoint = "operator nexus endpoint"
    target = "--target-namespace default --target-task-queue q"
    create, update = "operator namespace create", "operator namespace update"
    await shell.play(f"""
        {endpoint} create --name $name --description-file $file {target}
        {endpoint} get --name $name
        {endpoint} update --name $name --unset-description
        {endpoint} update --name $name --description-file nowhere.txt
        {endpoint} create --name $name-2 {target} --target-url https://example.com/nexus
        {endpoint} delete --name $name
        {create} --namespace $name --history-archival-state enabled --history-uri file:///tmp/x
        {create} --namespace $name --visibility-archival-state enabled --visibility-uri file:///x
        {create} --namespace $name --visibility-archival-state disabled
        {update} --namespace $name --visibility-archival-state enabled
        {update} --namespace $name --history-uri file:///tmp/x
        operator namespace delete --namespace $name --yes
        operator cluster upsert --frontend-address 127.0.0.1:1 --enable-connection
        operator cluster upsert --frontend-address 127.0.0.1:1 --enable-replication
    """)
    return shell.said


async def workers(_: Path, server: Server, name: str) -> list[str]:
    shell = Shell(server, name=name)
    at = "--deployment-name $name"
    describe = "task-queue describe --task-queue $name"
    await shell.play(f"""
        {describe} --task-queue-type workflow --select-unversioned
        {describe} --task-queue-type activity --select-all-active
        {describe} --legacy-mode --partitions-legacy 1
        task-queue config set --task-queue $name --task-queue-type activity --fairness-key-rps-limit-default 3 --fairness-key-rps-limit-reason why
        task-queue config get --task-queue $name --task-queue-type activity
        task-queue get-build-ids --task-queue $name --max-sets 1
        task-queue get-build-id-reachability --task-queue $name --build-id b --reachability-type open
        task-queue update-build-ids add-new-compatible --task-queue $name --build-id c --existing-compatible-build-id b --set-as-default
        task-queue versioning commit-build-id --task-queue $name --build-id b --force --yes
        worker list --query "TaskQueue = '$name'" --include-system-workers
        worker count --query "TaskQueue = '$name'" --include-system-workers
        worker deployment create --name $name
        worker deployment create-version {at} --build-id b1 {LAMBDA} --aws-lambda-assume-role-external-id e
        worker deployment set-current-version {at} --build-id b1 --yes --ignore-missing-task-queues
        worker deployment set-ramping-version {at} --build-id b1 --percentage 5 --yes --ignore-missing-task-queues
        worker deployment set-ramping-version {at} --unversioned --percentage 5 --yes
        worker deployment describe --name $name --output json
        worker deployment manager-identity set {at} --self --identity me --yes
        worker deployment describe --name $name
        worker deployment manager-identity unset {at} --identity me --yes
        worker deployment delete --name $name
    """)  # noqa: E501  a command is one line
    return shell.said


async def clouds(_: Path, server: Server, name: str) -> list[str]:
    """No cloud is asked, by either of them: what is refused before, and what is kept."""
    shell = Shell(server, name=name)
    at = "--deployment-name $name"
    create = f"worker deployment create-version {at} --build-id"
    update = f"worker deployment update-version-compute-config {at} --build-id"
    describe = f"worker deployment describe-version {at} --output json --build-id"
    core, run = "--aws-agentcore", "--gcp-cloud-run"
    endpoint = f"{core}-endpoint-arn arn:aws:x"
    role = f"{core}-assume-role-arn arn:aws:r {core}-assume-role-external-id e"
    pool = f"{run}-worker-pool p {run}-project q {run}-region r {run}-service-account s"
    scaled = (
        f"{run}-initial-instances 2 {run}-max-instances 3 {run}-utilization-target 0.5"
        f" {run}-scale-down-stabilization-duration 5s {run}-min-instances"
    )
    await shell.play(f"""
        worker deployment create --name $name
        {create} a1 {endpoint}
        {create} a1 {endpoint} {role} {core}-skip-role-and-external-id
        {create} a1 {role}
        {create} a1 {endpoint} {LAMBDA}
        {create} a1 {endpoint} {role}
        {create} a2 {endpoint} {core}-skip-role-and-external-id
        {create} g1 {run}-worker-pool p
        {create} g1 {run}-min-instances 1
        {create} g1 {pool} {run}-min-instances 1
        {create} g1 {pool} {scaled} 4
        {create} g1 {pool} {scaled} 1
        {create} g2 {pool}
        {create} g3 {pool} {endpoint} {role}
        {update} a1 {pool}
        {update} a1 {pool} --remove
        {update} a2 {endpoint} {role}
        {update} g1 {scaled} 2
        {update} g2 {LAMBDA}
        {update} nobody {pool}
        {describe} a1
        {describe} a2
        {describe} g1
        {describe} g2
    """)
    return shell.said


@pytest.mark.parametrize("play", [inputs, places, workers, clouds], ids=lambda play: play.__name__)
async def test_both_servers_say_the_same(
    play: object, server: Server, official: Server, names: Names, given: Path
) -> None:
    assert callable(play)
    name = names.workflow() if play is inputs else names.queue().replace("/", "-")
    await told_alike(partial(play, given), server, official, name)
