"""`temporal task-queue` on both servers: the same words and the same exit codes."""

from __future__ import annotations

import json

from tests.features.differential.conftest import told_alike
from tests.support.engine import Server
from tests.support.names import Names
from tests.support.shell import Shell


async def told(server: Server, name: str) -> list[str]:
    shell = Shell(server, queue=name)
    await described(shell)
    await configured(shell)
    await older_versions(shell)
    return shell.said


async def described(shell: Shell) -> None:
    describe = "task-queue describe --task-queue"
    await shell.play(f"""
        {describe} $queue --task-queue-type activity
        {describe} $queue --task-queue-type activity --output json
        {describe} $queue --task-queue-type nexus
        {describe} $queue --task-queue-type workflow --report-reachability
        {describe} $queue --task-queue-type workflow --select-build-id b --report-reachability
        {describe} $queue --disable-stats
        {describe} $queue --task-queue-type activity --report-config
        {describe} $queue --legacy-mode
        {describe} $queue --legacy-mode --task-queue-type-legacy activity
        {describe} "" --task-queue-type activity
        {describe} $queue --namespace nobody
        task-queue list-partition --task-queue $queue --namespace nobody
    """)
    # The official server divides a queue, and ours does not: the first part is the queue itself.
    command = ("task-queue", "list-partition", "--task-queue", shell.places["queue"])
    parts = json.loads(await shell.run(*command, "--output", "json", tells=False))
    shell.said.append(str({kind: parts[kind][0]["key"] for kind in sorted(parts)}))


async def configured(shell: Shell) -> None:
    get, set_ = "task-queue config get --task-queue", "task-queue config set --task-queue"
    await shell.play(f"""
        {get} $queue --task-queue-type activity
        {set_} $queue --task-queue-type activity --queue-rps-limit 10
        {set_} $queue --task-queue-type activity --queue-rps-limit 20 --queue-rps-limit-reason why
        {set_} $queue --task-queue-type activity --fairness-key-rps-limit-default 3
        {set_} $queue --task-queue-type activity --fairness-key-weight a=2 --fairness-key-weight b=3
        {get} $queue --task-queue-type activity
        {get} $queue --task-queue-type activity --output json
        {set_} $queue --task-queue-type activity --fairness-key-weight a=default --output json
        {set_} $queue --task-queue-type activity --fairness-key-weight-clear-all
        {set_} $queue --task-queue-type activity --queue-rps-limit default
        {set_} $queue --task-queue-type activity --queue-rps-limit 0
        {set_} $queue --task-queue-type nexus --queue-rps-limit 1
        {set_} $queue --task-queue-type workflow --fairness-key-rps-limit-default 1
        {set_} $queue --task-queue-type activity --fairness-key-weight {"k" * 65}=1
        {set_} $queue --task-queue-type activity --queue-rps-limit-reason {"x" * 1001} --queue-rps-limit 1
        {set_} $queue --task-queue-type activity --queue-rps-limit 1 --namespace nobody
        {get} $queue --task-queue-type activity --output json
        {get} $queue --task-queue-type activity --namespace nobody
    """)  # noqa: E501  a command is one line


async def older_versions(shell: Shell) -> None:
    """What both have turned off."""
    await shell.play("""
        task-queue get-build-ids --task-queue $queue
        task-queue update-build-ids add-new-default --task-queue $queue --build-id b
        task-queue update-build-ids add-new-compatible --task-queue $queue --build-id c --existing-compatible-build-id b
        task-queue update-build-ids promote-id-in-set --task-queue $queue --build-id b
        task-queue update-build-ids promote-set --task-queue $queue --build-id b
        task-queue get-build-id-reachability --task-queue $queue --build-id b
        task-queue versioning get-rules --task-queue $queue
        task-queue versioning insert-assignment-rule --task-queue $queue --build-id b --yes
        task-queue versioning commit-build-id --task-queue $queue --build-id b --yes
        task-queue versioning replace-assignment-rule --task-queue $queue --rule-index 0 --build-id b --yes
        task-queue versioning delete-assignment-rule --task-queue $queue --rule-index 0 --yes
        task-queue versioning add-redirect-rule --task-queue $queue --source-build-id a --target-build-id b --yes
        task-queue versioning replace-redirect-rule --task-queue $queue --source-build-id a --target-build-id b --yes
        task-queue versioning delete-redirect-rule --task-queue $queue --source-build-id a --yes
    """)  # noqa: E501  a command is one line


async def test_both_servers_say_the_same(server: Server, official: Server, names: Names) -> None:
    await told_alike(told, server, official, names.queue())
