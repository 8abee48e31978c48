"""`temporal schedule` on both servers: the same words and the same exit codes."""

from __future__ import annotations

from tests.features.differential.conftest import told_alike
from tests.support.engine import Server
from tests.support.names import Names
from tests.support.shell import Shell

EVERYTHING = (
    "--interval 1h --paused --notes first --overlap-policy BufferOne --catchup-window 5m"
    " --remaining-actions 3 --pause-on-failure --memo k=1 --schedule-memo m=2 --input 1"
    " --execution-timeout 1h --run-timeout 30m --task-timeout 5s --static-summary short"
    " --priority-key 2 --time-zone Europe/Berlin --end-time 2040-01-01T00:00:00Z --jitter 10s"
)
CALENDARS = (
    '--cron "0 12 * * Fri"'
    """ --calendar '{"dayOfWeek":"Fri","hour":"17","minute":"5","comment":"tea"}' --paused"""
)
SOME_DAYS = "--start-time 2030-01-01T00:00:00Z --end-time 2030-01-20T00:00:00Z"
LONG_AGO = "--start-time 2020-01-01T00:00:00Z --end-time 2020-01-01T03:00:00Z"


async def told(server: Server, name: str) -> list[str]:
    shell = Shell(server, run=name, queue=f"queue-of-{name}")
    action = "--type Scripted --task-queue $queue --workflow-id $run-run"
    create = f"schedule create {action} --schedule-id"
    listed = "--query \"TemporalSchedulePaused = true AND ScheduleId STARTS_WITH '$run'\""
    await shell.play(f"""
        {create} $run {EVERYTHING}
        {create} $run --interval 1h
        {create} $run-2 {CALENDARS} --output json
        {create} $run-3 --interval 1h --catchup-window -5m
        {create} $run-4 --interval 0s
        {create} $run-4 --interval 1h/2h
        {create} $run-4 --cron bad
        {create} $run-4 --calendar '{{"hour":"25"}}'
        {create} $run-4 --time-zone Nowhere/X --cron "0 0 * * *"
        {create} $run-4 --interval 1h --search-attribute Nobody=1
        {create} $run-4 --interval 1h --schedule-search-attribute Nobody=1
        {create} $run-4 --interval 1h --namespace nobody
        schedule describe --schedule-id $run
        schedule describe --schedule-id $run --output json
        schedule describe --schedule-id $run-2
        schedule describe --schedule-id $run-2 --output json
        schedule describe --schedule-id $run-3
        schedule describe --schedule-id nobody
        schedule list-matching-times --schedule-id $run-2 {SOME_DAYS}
        schedule list-matching-times --schedule-id $run-2 {SOME_DAYS} --output json
        schedule list-matching-times --schedule-id nobody {SOME_DAYS}
        schedule toggle --schedule-id $run --unpause --reason ready
        schedule toggle --schedule-id $run --pause --reason tired
        schedule toggle --schedule-id nobody --pause
        schedule trigger --schedule-id $run --overlap-policy AllowAll
        schedule trigger --schedule-id nobody
        schedule backfill --schedule-id $run {LONG_AGO} --overlap-policy AllowAll
        schedule backfill --schedule-id nobody {LONG_AGO}
        schedule update {action} --schedule-id nobody --interval 2h
        schedule update {action} --schedule-id $run --interval 0s
        schedule update {action} --schedule-id $run --interval 2h --notes second --paused
        schedule describe --schedule-id $run
        schedule list --query "ScheduleId = 'nobody'"
        schedule list --query "bad bad"
        schedule list --namespace nobody
        schedule list {listed}
        schedule list {listed} --long
        schedule list {listed} --really-long
        schedule list {listed} --output json
        schedule delete --schedule-id $run
        schedule describe --schedule-id $run
        schedule delete --schedule-id nobody
        schedule delete --schedule-id $run-2
        schedule delete --schedule-id $run-3
    """)
    return shell.said


async def test_both_servers_say_the_same(server: Server, official: Server, names: Names) -> None:
    await told_alike(told, server, official, names.workflow("job"))
